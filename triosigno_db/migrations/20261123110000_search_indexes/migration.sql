-- The function that folds text, so that searches ignore accents, case, punctuation and the kind of
-- white space. What is escaped as 073 stands for the end of a statement inside the block.
DO E'
BEGIN
    -- Temporary tables are for comparing schemas.
    IF pg_catalog.starts_with(pg_catalog.current_schema(), ''pg_temp'') THEN
        RETURN\073
    END IF\073
    -- Another schema of this database may have them already, with another owner.
    IF pg_catalog.to_regnamespace(''triosigno_db'') IS NULL THEN
        CREATE SCHEMA triosigno_db\073
    END IF\073
    IF pg_catalog.getdatabaseencoding() <> ''UTF8'' THEN
        RAISE EXCEPTION ''The encoding of the database must be UTF8, not %.'',
            pg_catalog.getdatabaseencoding()\073
    END IF\073
    IF pg_catalog.to_regprocedure(''triosigno_db.fold_text(text)'') IS NULL THEN
CREATE FUNCTION triosigno_db.fold_text(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $function$
SELECT pg_catalog.btrim(pg_catalog.regexp_replace(pg_catalog.regexp_replace(
    pg_catalog.replace(pg_catalog.replace(pg_catalog.translate(
    pg_catalog.lower(pg_catalog.lower(pg_catalog.regexp_replace(
    -- Letters and accents one by one, ligatures and wide forms as plain letters.
    pg_catalog.normalize($1, ''NFKD''),
    ''[''
    -- Remove accents and other combining marks, variation selectors,
    ''\\u0300-\\u036F\\u1AB0-\\u1AFF\\u1DC0-\\u1DFF\\u20D0-\\u20FF\\uFE20-\\uFE2F''
    ''\\u180B-\\u180D\\u180F\\uFE00-\\uFE0F\\U000E0100-\\U000E01EF''
    -- and format characters (category Cf), such as the soft hyphen.
    ''\\u00AD\\u0600-\\u0605\\u061C\\u06DD\\u070F\\u0890\\u0891\\u08E2\\u180E''
    ''\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F\\uFEFF\\uFFF9-\\uFFFB''
    ''\\U000110BD\\U000110CD\\U00013430-\\U0001343F\\U0001BCA0-\\U0001BCA3''
    ''\\U0001D173-\\U0001D17A\\U000E0001\\U000E0020-\\U000E007F''
    '']+'', '''', ''g'')
    -- Lower case, first that of ASCII: in Turkish, the lower case of I is another letter.
    COLLATE pg_catalog."C") COLLATE pg_catalog."default"),
    -- One form of sigma, and two letters for OE and AE, which LOCALE C does not lower.
    E''\\u03C2\\u0152\\u00C6'', E''\\u03C3\\u0153\\u00E6''), E''\\u0153'', ''oe''), E''\\u00E6'', ''ae''),
    ''[''
    -- A space for control characters and white space,
    ''\\u0001-\\u001F\\u007F-\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000''
    -- punctuation (that of ASCII and of Latin 1, the block of general punctuation),
    ''!-/:-@[-`{-~\\u00A1\\u00AB\\u00B7\\u00BB\\u00BF\\u2010-\\u2027\\u2030-\\u205E''
    -- other hyphens and dashes (category Pd), and the minus sign.
    ''\\u058A\\u05BE\\u1400\\u1806\\u2212\\u2E17\\u2E1A\\u2E3A\\u2E3B\\u2E40\\u2E5D''
    ''\\u301C\\u3030\\u30A0\\u30FB\\U00010D6E\\U00010EAD''
    '']+'', '' '', ''g''),
    -- Single spaces, of which most texts have no others, are not replaced: that takes the longest.
    ''  +'', '' '', ''g''))
$function$\073
    END IF\073
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE = pg_catalog.format(
            CASE WHEN pg_catalog.to_regnamespace(''triosigno_db'') IS NULL
                THEN ''%s: searches need a function in the schema triosigno_db. As an administrator, run GRANT CREATE ''
                    ''ON DATABASE %I TO %I, or CREATE SCHEMA triosigno_db AUTHORIZATION %3$I''
                ELSE ''%s: searches need a function in the schema triosigno_db of %I. As an administrator, run GRANT ''
                    ''USAGE, CREATE ON SCHEMA triosigno_db TO %I''
            END, SQLERRM, pg_catalog.current_database(), current_user)\073
END
';

-- The indexes of searches: the trigrams of the folded texts, where the server has pg_trgm. What is
-- escaped as 073 stands for the end of a statement inside the block.
DO E'
DECLARE
    home name\073
BEGIN
    -- Temporary tables are for comparing schemas: nothing is made beside them.
    IF pg_catalog.starts_with(pg_catalog.current_schema(), ''pg_temp'') AND NOT (
        EXISTS (
            SELECT FROM pg_extension
            WHERE extname = ''pg_trgm'' AND pg_catalog.has_schema_privilege(extnamespace, ''USAGE'')
        )
        AND EXISTS (
            SELECT FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = ''triosigno_db'' AND p.proname = ''fold_text''
              AND pg_catalog.has_schema_privilege(n.oid, ''USAGE'')
              AND pg_catalog.has_function_privilege(p.oid, ''EXECUTE'')
        )
    ) THEN
        RETURN\073
    END IF\073
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = ''pg_trgm'') THEN
        CREATE EXTENSION pg_trgm\073
    END IF\073
    SELECT nspname INTO home FROM pg_extension
    JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = ''pg_trgm''\073
    EXECUTE pg_catalog.format(''CREATE INDEX IF NOT EXISTS "Sign_search_idx" ON "Sign" USING gin ((%s) %I.gin_trgm_ops)'', ''('''' '''' || triosigno_db.fold_text("name" || '''' '''' || "description"))'', home)\073
    EXECUTE pg_catalog.format(''CREATE INDEX IF NOT EXISTS "User_search_idx" ON "User" USING gin ((%s) %I.gin_trgm_ops)'', ''('''' '''' || triosigno_db.fold_text("email" || '''' '''' || "username" || '''' '''' || coalesce("firstName", '''''''') || '''' '''' || coalesce("lastName", '''''''')))'', home)\073
EXCEPTION
    WHEN insufficient_privilege OR undefined_file OR feature_not_supported
        OR invalid_schema_name OR undefined_function THEN
        RAISE NOTICE ''searches go without an index: %'', SQLERRM\073
END
';
