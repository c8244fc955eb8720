-- Alerts, and how far each has been delivered to each webhook. `alert_key` is what an alert is one
-- of: call and kind.

CREATE TABLE alerts (
  alert_id TEXT NOT NULL PRIMARY KEY,
  alert_key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  context_id TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  message TEXT NOT NULL,
  raised_at BIGINT NOT NULL,
  expires_at BIGINT,
  state TEXT NOT NULL
);
CREATE INDEX alerts_by_time ON alerts (raised_at, alert_id);
CREATE INDEX alerts_by_state ON alerts (state, raised_at);
CREATE INDEX alerts_by_call ON alerts (context_id, raised_at);

-- `endpoint` is a digest of the webhook's address, which may hold a secret.
CREATE TABLE alert_deliveries (
  alert_id TEXT NOT NULL REFERENCES alerts (alert_id),
  endpoint TEXT NOT NULL,
  host TEXT NOT NULL,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  last_status BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  next_at BIGINT NOT NULL,
  delivered_at BIGINT,
  PRIMARY KEY (alert_id, endpoint)
);

CREATE TABLE disabled_webhooks (
  endpoint TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  disabled_at BIGINT NOT NULL
);
