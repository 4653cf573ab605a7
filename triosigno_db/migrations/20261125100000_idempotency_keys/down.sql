-- The schema was made for this table alone.
DROP TABLE IF EXISTS triosigno_db."IdempotencyKey";
DROP SCHEMA IF EXISTS triosigno_db;
