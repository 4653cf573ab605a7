-- DropTable
DROP TABLE "UserAchievement", "Achievement", "LearningSession", "Progress", "LessonSign", "Lesson", "Module", "Sign", "SignCategory", "UserPreference", "User";

-- DropEnum
DROP TYPE "DifficultyLevel";

-- DropEnum
DROP TYPE "UserRole";
