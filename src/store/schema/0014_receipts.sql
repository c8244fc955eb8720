-- The receipt of an erasure as it was signed when it was finished, byte for byte. '' of one that is not finished, or was before.

ALTER TABLE erasures ADD COLUMN receipt TEXT NOT NULL DEFAULT '';
