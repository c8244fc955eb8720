-- Where the caller interrupted the assistant: what the bridge knew of the cut, and what verification
-- found in the recording. turn_texts.text is as heard by the best that is known; where that was verified, bridge_text
-- and words are what the bridge believed. Words have the form of turn_texts.words.

ALTER TABLE turns ADD COLUMN cut_stop_us BIGINT;
ALTER TABLE turns ADD COLUMN cut_played_us BIGINT;
ALTER TABLE turns ADD COLUMN cut_generated_us BIGINT;
ALTER TABLE turns ADD COLUMN verified_end_us BIGINT;
ALTER TABLE turns ADD COLUMN verified_uncertainty_us BIGINT;
ALTER TABLE turns ADD COLUMN verified_basis TEXT;
ALTER TABLE turns ADD COLUMN verified_is_estimated BIGINT;
ALTER TABLE turn_texts ADD COLUMN cut_words TEXT NOT NULL DEFAULT '';
ALTER TABLE turn_texts ADD COLUMN bridge_text TEXT NOT NULL DEFAULT '';
ALTER TABLE turn_texts ADD COLUMN verified_words TEXT NOT NULL DEFAULT '';

-- From our sending to the caller's ear, as one call's recording showed it.
CREATE TABLE downlink_delays (
  context_id TEXT NOT NULL PRIMARY KEY,
  call_at BIGINT NOT NULL,
  delay_us BIGINT NOT NULL,
  uncertainty_us BIGINT NOT NULL,
  cuts BIGINT NOT NULL
);
CREATE INDEX downlink_delays_by_time ON downlink_delays (call_at, context_id);
