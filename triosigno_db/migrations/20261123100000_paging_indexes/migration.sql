-- List and count the accounts of a role, the newest first.
CREATE INDEX "User_role_createdAt_id_idx" ON "User"("role", "createdAt", "id");

-- List and count the accounts that are deactivated, or are not, the newest first.
CREATE INDEX "User_isActive_createdAt_id_idx" ON "User"("isActive", "createdAt", "id");

-- List modules in order.
CREATE INDEX "Module_order_id_idx" ON "Module"("order", "id");

-- List a module's lessons in order.
CREATE INDEX "Lesson_moduleId_order_id_idx" ON "Lesson"("moduleId", "order", "id");

-- List a lesson's sessions, the latest first.
CREATE INDEX "LearningSession_lessonId_startTime_id_idx" ON "LearningSession"("lessonId", "startTime", "id");

-- List all sessions, the latest first.
CREATE INDEX "LearningSession_startTime_id_idx" ON "LearningSession"("startTime", "id");

-- Add up the XP of all time without reading the sessions themselves: the leaderboard.
CREATE INDEX "LearningSession_userId_completed_xpEarned_idx" ON "LearningSession"("userId", "completed", "xpEarned");
