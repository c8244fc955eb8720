-- Calls and what belongs to them. Times are microseconds since 1970 in UTC, or of the call's clock
-- where a column ends in _us. Words ('ringing', 'found') are the enumerators of src/domain.
-- {{…}} stands for the few things that the two databases spell differently: store/dialect.cpp.
-- A statement ends with a semicolon at the end of a line.

CREATE TABLE calls (
  context_id TEXT NOT NULL PRIMARY KEY,
  phase TEXT NOT NULL,
  correlation_id TEXT NOT NULL,
  server_call_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  ring_key TEXT NOT NULL,
  link_key TEXT NOT NULL,
  answer_request_id TEXT NOT NULL,
  answer_first_sent BIGINT,
  resource TEXT NOT NULL,
  received_at BIGINT NOT NULL,
  rang_at BIGINT,
  answered_at BIGINT,
  connected_at BIGINT,
  ended_at BIGINT,
  end_reason TEXT NOT NULL,
  end_code BIGINT NOT NULL,
  end_sub_code BIGINT NOT NULL,
  recording_wish TEXT NOT NULL,
  recording_phase TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  recording_start_request_id TEXT NOT NULL,
  recording_start_first_sent BIGINT,
  recording_starts BIGINT NOT NULL,
  recording_state_event_seen BIGINT NOT NULL,
  media_connected BIGINT NOT NULL,
  media_restarts BIGINT NOT NULL,
  version BIGINT NOT NULL
);
-- One call is answered per ring, whichever replica sees it first.
CREATE UNIQUE INDEX calls_by_ring_key ON calls (ring_key) WHERE ring_key <> '';
CREATE INDEX calls_by_correlation ON calls (correlation_id) WHERE correlation_id <> '';
CREATE INDEX calls_by_server_call ON calls (server_call_id) WHERE server_call_id <> '';
CREATE INDEX calls_by_connection ON calls (connection_id) WHERE connection_id <> '';
CREATE INDEX calls_by_time ON calls (received_at, context_id);
CREATE INDEX calls_by_phase ON calls (phase, received_at, context_id);
CREATE INDEX calls_open ON calls (received_at) WHERE phase IN ('ringing', 'answering', 'connected');

-- Numbers and names: erasable without touching the rest.
CREATE TABLE personal (
  context_id TEXT NOT NULL PRIMARY KEY REFERENCES calls (context_id),
  caller TEXT NOT NULL,
  called TEXT NOT NULL,
  caller_name TEXT NOT NULL
);

CREATE TABLE recordings (
  context_id TEXT NOT NULL REFERENCES calls (context_id),
  recording_id TEXT NOT NULL,
  phase TEXT NOT NULL,
  channels TEXT NOT NULL,
  format TEXT NOT NULL,
  byos BIGINT NOT NULL,
  requested_at BIGINT NOT NULL,
  active_at BIGINT,
  ended_at BIGINT,
  end_reason TEXT NOT NULL,
  discovery TEXT NOT NULL,
  folder TEXT NOT NULL,
  discovered_at BIGINT,
  PRIMARY KEY (context_id, recording_id)
);
CREATE INDEX recordings_by_id ON recordings (recording_id);
CREATE INDEX recordings_by_time ON recordings (requested_at, recording_id);
CREATE INDEX recordings_by_discovery ON recordings (discovery, requested_at, recording_id);

CREATE TABLE pauses (
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  from_at BIGINT NOT NULL,
  to_at BIGINT,
  PRIMARY KEY (context_id, recording_id, from_at),
  FOREIGN KEY (context_id, recording_id) REFERENCES recordings (context_id, recording_id)
);

CREATE TABLE chunks (
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  chunk_index BIGINT NOT NULL,
  audio TEXT NOT NULL,
  metadata TEXT NOT NULL,
  document_id TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sample_rate_hz BIGINT NOT NULL,
  channels BIGINT NOT NULL,
  bits_per_sample BIGINT NOT NULL,
  data_offset BIGINT NOT NULL,
  data_bytes BIGINT NOT NULL,
  start_at BIGINT,
  duration_us BIGINT,
  etag TEXT NOT NULL,
  found_at BIGINT NOT NULL,
  PRIMARY KEY (context_id, recording_id, chunk_index),
  FOREIGN KEY (context_id, recording_id) REFERENCES recordings (context_id, recording_id)
);

CREATE TABLE turns (
  context_id TEXT NOT NULL REFERENCES calls (context_id),
  session_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  speaker TEXT NOT NULL,
  start_us BIGINT NOT NULL,
  end_us BIGINT NOT NULL,
  interrupted BIGINT NOT NULL,
  cut_is_estimated BIGINT NOT NULL,
  PRIMARY KEY (context_id, session_id, item_id)
);

-- What was said, apart from when: erasable. `words` is one word a line, "start end text", times of
-- the call's clock, text as in store/detail/field_text.hpp.
CREATE TABLE turn_texts (
  context_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  item_id TEXT NOT NULL,
  text TEXT NOT NULL,
  generated_text TEXT NOT NULL,
  words TEXT NOT NULL,
  PRIMARY KEY (context_id, session_id, item_id),
  FOREIGN KEY (context_id, session_id, item_id) REFERENCES turns (context_id, session_id, item_id)
);

-- No foreign key: what happened is written down also of a call that we know nothing else of.
CREATE TABLE journal (
  context_id TEXT NOT NULL,
  number {{number}},
  at BIGINT NOT NULL,
  type TEXT NOT NULL,
  detail TEXT NOT NULL
  {{number_key}}
);
CREATE INDEX journal_by_call ON journal (context_id, number);

CREATE TABLE diagnostics (
  context_id TEXT NOT NULL,
  number {{number}},
  operation TEXT NOT NULL,
  status BIGINT NOT NULL,
  client_request_id TEXT NOT NULL,
  chain_id TEXT NOT NULL,
  ms_cv TEXT NOT NULL,
  date TEXT NOT NULL
  {{number_key}}
);
CREATE INDEX diagnostics_by_call ON diagnostics (context_id, number);

-- The inbox. `event_key` is the SHA-256 of door, id and context (or correlation) id, so that any id
-- fits an index. `fields` is the event as store/detail/event_fields.hpp writes it, the secret of an
-- incoming call among it; it is emptied in the transaction that marks the event as handled.
CREATE TABLE events (
  number {{event_number}},
  event_key TEXT NOT NULL UNIQUE,
  context_id TEXT NOT NULL,
  door TEXT NOT NULL,
  type TEXT NOT NULL,
  occurred_at BIGINT,
  received_at BIGINT NOT NULL,
  handled BIGINT NOT NULL,
  fields TEXT NOT NULL
);
CREATE INDEX events_waiting ON events (number) WHERE handled = 0;

-- Raw bodies by reference: the event's own JSON, without what answering the call needs. Personal.
CREATE TABLE journal_raw (
  event_number BIGINT NOT NULL PRIMARY KEY REFERENCES events (number),
  raw TEXT NOT NULL
);
