-- A call whose caller's data is being erased, or was, by a request of that time: nothing more of what was said, or by whom, is
-- stored of it. Looks for what arrives later are erasures of their own, which add to the first one.

ALTER TABLE calls ADD COLUMN erased_at BIGINT;
ALTER TABLE erasures ADD COLUMN adds_to TEXT NOT NULL DEFAULT '';
ALTER TABLE erasures ADD COLUMN receipt_number BIGINT NOT NULL DEFAULT 1;
-- Blobs that were left where they are, one a line, as in `blobs`.
ALTER TABLE erasure_calls ADD COLUMN left_blobs TEXT NOT NULL DEFAULT '';
CREATE INDEX erasure_calls_by_call ON erasure_calls (context_id, state);
-- Whose is this folder? Any name may be long: its beginning is indexed.
CREATE INDEX recordings_by_folder ON recordings (substr(folder, 1, 128)) WHERE folder <> '';

UPDATE calls SET erased_at = (SELECT MIN(e.at) FROM erasures e JOIN erasure_calls c ON c.erasure_id = e.erasure_id WHERE c.context_id = calls.context_id AND c.state = 'erased') WHERE context_id IN (SELECT context_id FROM erasure_calls WHERE state = 'erased');
