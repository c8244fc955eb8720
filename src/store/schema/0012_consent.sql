-- What comes first, notice or recording, and that the notice was played (times of the call's clock). A call that is
-- private when its process dies is private in the next one.

ALTER TABLE calls ADD COLUMN consent TEXT NOT NULL DEFAULT 'record_first';
ALTER TABLE calls ADD COLUMN is_private BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN recording_start_paused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN notice_from_us BIGINT;
ALTER TABLE calls ADD COLUMN notice_to_us BIGINT;
ALTER TABLE calls ADD COLUMN notice_samples BIGINT;
ALTER TABLE calls ADD COLUMN notice_rate_hz BIGINT;
ALTER TABLE calls ADD COLUMN notice_text_sha256 TEXT NOT NULL DEFAULT '';
