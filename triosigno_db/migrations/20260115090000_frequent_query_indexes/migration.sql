-- Look up an account by its e-mail address, whatever its case: logging in.
CREATE INDEX "User_lower_email_idx" ON "User"(lower("email"));

-- List accounts, the newest first.
CREATE INDEX "User_createdAt_id_idx" ON "User"("createdAt", "id");

-- List the signs of a category, and refuse to delete a category that has some.
CREATE INDEX "Sign_categoryId_idx" ON "Sign"("categoryId");

-- Read a module's lessons, and refuse to delete a module that has some.
CREATE INDEX "Lesson_moduleId_idx" ON "Lesson"("moduleId");

-- Find the lessons that teach a sign, and deleting a sign takes its places with it.
CREATE INDEX "LessonSign_signId_idx" ON "LessonSign"("signId");

-- Find who has practised a sign, and deleting a sign takes the progress with it.
CREATE INDEX "Progress_signId_idx" ON "Progress"("signId");

-- List a learner's sessions, the newest first, and deleting an account takes them with it.
CREATE INDEX "LearningSession_userId_startTime_idx" ON "LearningSession"("userId", "startTime");

-- List a lesson's sessions, and refuse to delete a lesson that has some.
CREATE INDEX "LearningSession_lessonId_idx" ON "LearningSession"("lessonId");

-- Add up the XP earned in a day, a week, a month: the leaderboard.
CREATE INDEX "LearningSession_endTime_idx" ON "LearningSession"("endTime");

-- Find who has earned an achievement, and deleting an achievement takes the awards with it.
CREATE INDEX "UserAchievement_achievementId_idx" ON "UserAchievement"("achievementId");

-- Add up the XP of the achievements of a day, a week, a month: the leaderboard.
CREATE INDEX "UserAchievement_achievedAt_idx" ON "UserAchievement"("achievedAt");
