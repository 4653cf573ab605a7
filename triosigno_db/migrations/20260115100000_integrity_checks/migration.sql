-- What new rows must keep to. NOT VALID: rows that are there already are not looked at, so that they
-- cannot stop a deployment. `triosigno-db doctor` counts the ones that break a rule.

ALTER TABLE "UserPreference" ADD CONSTRAINT "UserPreference_learningGoal_check" CHECK ("learningGoal" BETWEEN 1 AND 1440) NOT VALID;

ALTER TABLE "Module" ADD CONSTRAINT "Module_order_check" CHECK ("order" >= 0) NOT VALID;

ALTER TABLE "Lesson" ADD CONSTRAINT "Lesson_order_check" CHECK ("order" >= 0) NOT VALID;

ALTER TABLE "LessonSign" ADD CONSTRAINT "LessonSign_order_check" CHECK ("order" >= 0) NOT VALID;

ALTER TABLE "Progress" ADD CONSTRAINT "Progress_masteryLevel_check" CHECK ("masteryLevel" BETWEEN 0 AND 100) NOT VALID;

ALTER TABLE "Progress" ADD CONSTRAINT "Progress_attempts_check" CHECK ("correctAttempts" >= 0 AND "correctAttempts" <= "totalAttempts") NOT VALID;

ALTER TABLE "LearningSession" ADD CONSTRAINT "LearningSession_endTime_check" CHECK ("endTime" >= "startTime") NOT VALID;

ALTER TABLE "LearningSession" ADD CONSTRAINT "LearningSession_score_check" CHECK ("score" >= 0) NOT VALID;

ALTER TABLE "LearningSession" ADD CONSTRAINT "LearningSession_xpEarned_check" CHECK ("xpEarned" >= 0) NOT VALID;

ALTER TABLE "Achievement" ADD CONSTRAINT "Achievement_xpReward_check" CHECK ("xpReward" >= 0) NOT VALID;
