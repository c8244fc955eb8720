-- The end of a recording that nobody told: it lies between ended_after and ended_at. NULL: ended_at is exact.

ALTER TABLE recordings ADD COLUMN ended_after BIGINT;
