-- How long what is kept of a call is kept: holds, how far the rules have come, receipts of erasures.

CREATE TABLE holds (
  hold_id TEXT NOT NULL PRIMARY KEY,
  context_id TEXT NOT NULL REFERENCES calls (context_id),
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  since_at BIGINT NOT NULL,
  lifted_at BIGINT,
  lifted_by TEXT NOT NULL
);
CREATE INDEX holds_by_time ON holds (since_at, hold_id);
CREATE INDEX holds_by_call ON holds (context_id);

-- When the rules are to be asked again of a call.
CREATE TABLE retention_reminders (
  context_id TEXT NOT NULL PRIMARY KEY REFERENCES calls (context_id),
  next_at BIGINT NOT NULL
);
CREATE INDEX retention_reminders_by_time ON retention_reminders (next_at);

-- How far the walk through all calls has come, under which rules (a digest). One row at most.
CREATE TABLE retention_cursor (
  rules TEXT NOT NULL PRIMARY KEY,
  received_at BIGINT NOT NULL,
  context_id TEXT NOT NULL
);

CREATE TABLE erasures (
  erasure_id TEXT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  caller_key TEXT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX erasures_by_time ON erasures (at, erasure_id);

-- No foreign key on the call: a receipt outlives what it is about. `blobs` and `row_counts` hold one
-- item a line, as store/detail/erasure_rows.cpp writes them.
CREATE TABLE erasure_calls (
  erasure_id TEXT NOT NULL REFERENCES erasures (erasure_id),
  context_id TEXT NOT NULL,
  state TEXT NOT NULL,
  why TEXT NOT NULL,
  blobs TEXT NOT NULL,
  row_counts TEXT NOT NULL,
  PRIMARY KEY (erasure_id, context_id)
);

-- What the personal data of a call is found by. Of a text of any length, an index takes the beginning.
CREATE INDEX personal_by_caller ON personal (substr(caller, 1, 64));
CREATE INDEX events_by_call ON events (substr(context_id, 1, 64));
CREATE INDEX events_by_time ON events (received_at);
