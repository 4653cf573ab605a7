DROP INDEX "LearningSession_userId_completed_xpEarned_idx";
DROP INDEX "LearningSession_startTime_id_idx";
DROP INDEX "LearningSession_lessonId_startTime_id_idx";
DROP INDEX "Lesson_moduleId_order_id_idx";
DROP INDEX "Module_order_id_idx";
DROP INDEX "User_isActive_createdAt_id_idx";
DROP INDEX "User_role_createdAt_id_idx";
