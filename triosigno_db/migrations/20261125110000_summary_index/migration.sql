-- Add up what a learner has practised without reading the rows themselves, which lie scattered: the summary.
CREATE INDEX IF NOT EXISTS "Progress_userId_masteryLevel_correctAttempts_totalAttempts_idx" ON "Progress"("userId", "masteryLevel", "correctAttempts", "totalAttempts");
