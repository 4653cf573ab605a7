-- Search without regard to accents and case, by the trigrams of the folded texts, where the server
-- has pg_trgm. What is escaped as 073 stands for the end of a statement inside the block.
DO E'
DECLARE
    home name\073
BEGIN
    -- normalize() knows UTF8 only, and temporary tables are for comparing schemas.
    IF getdatabaseencoding() <> ''UTF8'' OR current_schema() LIKE ''pg\\_temp%'' THEN
        RETURN\073
    END IF\073
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = ''pg_trgm'') THEN
        CREATE EXTENSION pg_trgm\073
    END IF\073
    SELECT nspname INTO home FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = ''pg_trgm''\073
    EXECUTE format(''CREATE INDEX IF NOT EXISTS "Sign_search_idx" ON "Sign" USING gin ((%s) %I.gin_trgm_ops)'', ''replace(replace(replace(replace(lower(regexp_replace(regexp_replace(normalize('''' '''' || "name" || '''' '''' || "description", NFD), ''''[\\u0300-\\u036f]'''', '''''''', ''''g''''), ''''[!-/:-@[-`{-~‘’“”«»…–—·¡¿]'''', '''' '''', ''''g'''')), ''''œ'''', ''''oe''''), ''''Œ'''', ''''oe''''), ''''æ'''', ''''ae''''), ''''Æ'''', ''''ae'''')'', home)\073
    EXECUTE format(''CREATE INDEX IF NOT EXISTS "User_search_idx" ON "User" USING gin ((%s) %I.gin_trgm_ops)'', ''replace(replace(replace(replace(lower(regexp_replace(regexp_replace(normalize('''' '''' || "email" || '''' '''' || "username" || '''' '''' || coalesce("firstName", '''''''') || '''' '''' || coalesce("lastName", ''''''''), NFD), ''''[\\u0300-\\u036f]'''', '''''''', ''''g''''), ''''[!-/:-@[-`{-~‘’“”«»…–—·¡¿]'''', '''' '''', ''''g'''')), ''''œ'''', ''''oe''''), ''''Œ'''', ''''oe''''), ''''æ'''', ''''ae''''), ''''Æ'''', ''''ae'''')'', home)\073
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
        RAISE NOTICE ''searches go without an index: %'', SQLERRM\073
END
';
