-- What was said of a call's recording, and on what evidence. A new verdict is a new row; none is
-- ever changed. Times in columns that end in _us are lengths, or of the call's clock. The text
-- columns hold one item a line, as store/detail/verdict_text.hpp writes them.
CREATE TABLE verdicts (
  context_id TEXT NOT NULL REFERENCES calls (context_id),
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  by_acs BIGINT NOT NULL,
  by_bridge BIGINT NOT NULL,
  call_us BIGINT NOT NULL,
  paused_us BIGINT NOT NULL,
  expected_us BIGINT NOT NULL,
  present_us BIGINT NOT NULL,
  repaired_us BIGINT NOT NULL,
  lost_us BIGINT NOT NULL,
  start_delay_us BIGINT NOT NULL,
  tail_loss_us BIGINT NOT NULL,
  unseen_us BIGINT NOT NULL,
  ledger_us BIGINT NOT NULL,
  caller_alone_us BIGINT NOT NULL,
  caller_heard_us BIGINT NOT NULL,
  assistant_alone_us BIGINT NOT NULL,
  assistant_heard_us BIGINT NOT NULL,
  recordings BIGINT NOT NULL,
  chunks BIGINT NOT NULL,
  gaps TEXT NOT NULL,
  findings TEXT NOT NULL,
  spans TEXT NOT NULL,
  mapping TEXT NOT NULL,
  thresholds TEXT NOT NULL,
  PRIMARY KEY (context_id, number)
);
