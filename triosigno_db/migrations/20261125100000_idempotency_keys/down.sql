-- The schema stays: it holds the function of searches.
DROP TABLE IF EXISTS triosigno_db."IdempotencyKey";
