-- The idempotency keys of writes that were counted, in a schema of their own. What is escaped as
-- 073 stands for the end of a statement inside the block.
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
    IF pg_catalog.to_regclass(''triosigno_db."IdempotencyKey"'') IS NULL THEN
        CREATE TABLE triosigno_db."IdempotencyKey" (
            "digest" UUID NOT NULL,
            "createdAt" TIMESTAMP(3) NOT NULL,
            CONSTRAINT "IdempotencyKey_pkey" PRIMARY KEY ("digest")
        )\073
        CREATE INDEX "IdempotencyKey_createdAt_idx" ON triosigno_db."IdempotencyKey"("createdAt")\073
    END IF\073
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE insufficient_privilege USING MESSAGE = pg_catalog.format(
            CASE WHEN pg_catalog.to_regnamespace(''triosigno_db'') IS NULL
                THEN ''%s: idempotency keys need a table in the schema triosigno_db. As an administrator, run GRANT CREATE ''
                    ''ON DATABASE %I TO %I, or CREATE SCHEMA triosigno_db AUTHORIZATION %3$I''
                ELSE ''%s: idempotency keys need a table in the schema triosigno_db of %I. As an administrator, run GRANT ''
                    ''USAGE, CREATE ON SCHEMA triosigno_db TO %I''
            END, SQLERRM, pg_catalog.current_database(), current_user)\073
END
';
