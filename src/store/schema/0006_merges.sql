-- Audio of a recording that somebody wants as one file, how far the writing has come, and what came
-- of it.

CREATE TABLE merges (
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  source TEXT NOT NULL,
  channels TEXT NOT NULL,
  etag TEXT NOT NULL,
  state TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  bytes_done BIGINT NOT NULL,
  bytes_total BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL,
  blob TEXT NOT NULL,
  content_type TEXT NOT NULL,
  sample_rate_hz BIGINT NOT NULL,
  channel_count BIGINT NOT NULL,
  bits_per_sample BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (context_id, recording_id, number),
  FOREIGN KEY (context_id, recording_id) REFERENCES recordings (context_id, recording_id)
);
CREATE INDEX merges_unfinished ON merges (state) WHERE state IN ('waiting', 'running');
