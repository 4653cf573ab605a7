-- The extension stays: others may use it.
DROP INDEX IF EXISTS "User_search_idx";
DROP INDEX IF EXISTS "Sign_search_idx";
