-- Files in ACS's own storage, as RecordingFileStatusUpdated names them, and how far the fetching of
-- them has come: written by two hands, so in two tables.

CREATE TABLE file_locations (
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  chunk_index BIGINT NOT NULL,
  document_id TEXT NOT NULL,
  end_reason TEXT NOT NULL,
  content_location TEXT NOT NULL,
  metadata_location TEXT NOT NULL,
  delete_location TEXT NOT NULL,
  told_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (context_id, recording_id, chunk_index),
  FOREIGN KEY (context_id, recording_id) REFERENCES recordings (context_id, recording_id)
);

-- `block_hashes`: SHA-256 in hex of each staged block, a space between.
CREATE TABLE file_fetches (
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  chunk_index BIGINT NOT NULL,
  state TEXT NOT NULL,
  audio TEXT NOT NULL,
  metadata TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  block_hashes TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  fetched_at BIGINT,
  deleted_at BIGINT,
  PRIMARY KEY (context_id, recording_id, chunk_index),
  FOREIGN KEY (context_id, recording_id, chunk_index)
    REFERENCES file_locations (context_id, recording_id, chunk_index)
);
