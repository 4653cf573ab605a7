-- The idempotency keys of writes that were counted, in a schema of their own. What is escaped as
-- 073 stands for the end of a statement inside the block.
DO E'
BEGIN
    -- Temporary tables are for comparing schemas.
    IF current_schema() LIKE ''pg\\_temp%'' THEN
        RETURN\073
    END IF\073
    -- Whoever may not make it may still use it.
    IF to_regnamespace(''triosigno_db'') IS NULL THEN
        CREATE SCHEMA triosigno_db\073
    END IF\073
    IF to_regclass(''triosigno_db."IdempotencyKey"'') IS NULL THEN
        CREATE TABLE triosigno_db."IdempotencyKey" (
            "digest" UUID NOT NULL,
            "createdAt" TIMESTAMP(3) NOT NULL,
            CONSTRAINT "IdempotencyKey_pkey" PRIMARY KEY ("digest")
        )\073
        CREATE INDEX "IdempotencyKey_createdAt_idx" ON triosigno_db."IdempotencyKey"("createdAt")\073
    END IF\073
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE ''there is no table for idempotency keys: %'', SQLERRM\073
END
';
