-- Durable work. state: waiting, leased, given_up; a job that is done has no row.

CREATE TABLE jobs (
  job_id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  payload TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due BIGINT NOT NULL,
  deadline BIGINT,
  added_at BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  unique_key TEXT NOT NULL,
  state TEXT NOT NULL,
  runner TEXT NOT NULL,
  leased_until BIGINT NOT NULL
);
-- The same work is not queued twice while it waits or runs.
CREATE UNIQUE INDEX jobs_by_unique_key ON jobs (unique_key)
  WHERE unique_key <> '' AND state <> 'given_up';
CREATE INDEX jobs_by_due ON jobs (state, due);
