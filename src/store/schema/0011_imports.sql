-- Imports: looking through dates of the container for recordings that were never seen. How far each
-- has come, and what became of every folder; `folder_key` is the folder's SHA-256, so that any name
-- fits an index.

CREATE TABLE imports (
  import_id TEXT NOT NULL PRIMARY KEY,
  from_at BIGINT NOT NULL,
  to_at BIGINT NOT NULL,
  dry_run BIGINT NOT NULL,
  state TEXT NOT NULL,
  requested_at BIGINT NOT NULL,
  started_at BIGINT,
  finished_at BIGINT,
  date_at BIGINT NOT NULL,
  marker TEXT NOT NULL,
  other_blobs BIGINT NOT NULL,
  requests BIGINT NOT NULL,
  bytes_read BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  error TEXT NOT NULL
);
CREATE INDEX imports_by_time ON imports (requested_at, import_id);

CREATE TABLE import_items (
  import_id TEXT NOT NULL REFERENCES imports (import_id),
  folder_key TEXT NOT NULL,
  folder TEXT NOT NULL,
  outcome TEXT NOT NULL,
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  files BIGINT NOT NULL,
  detail TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (import_id, folder_key)
);
CREATE INDEX import_items_by_outcome ON import_items (import_id, outcome, at, folder_key);

-- Is this blob a chunk that is known? A document id comes from a file that somebody else wrote, of
-- any length: its beginning is indexed.
CREATE INDEX chunks_by_audio ON chunks (audio) WHERE audio <> '';
CREATE INDEX chunks_by_document ON chunks (substr(document_id, 1, 128)) WHERE document_id <> '';
