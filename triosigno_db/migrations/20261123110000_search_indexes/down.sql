-- The function and the extension stay: other schemas may use them.
DROP INDEX IF EXISTS "User_search_idx";
DROP INDEX IF EXISTS "Sign_search_idx";
