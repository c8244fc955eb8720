#pragma once
// What a person should hear of, and how far its telling has come. One of a kind for each call:
// raised again, after a restart perhaps, it is the same alert.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

using AlertId = Id<struct AlertTag>;  // ours, a UUID

struct Alert {
  std::string
      kind;        // "recording_missing", "recording_start_failed", "recording_stopped_unasked", …
  ContextId call;  // empty: of no call; then each is an alert of its own
  RecordingId recording;
  std::string message;  // a sentence that says what to do; no personal data
  WallTime at{};
  std::optional<WallTime> expires_at;  // when what it warns of can no longer be mended
};

// To one webhook.
enum class DeliveryState { waiting, delivered, dead };

struct AlertDelivery {
  std::string endpoint;  // a digest of its URL, which may hold a secret
  std::string host;      // for people
  DeliveryState state = DeliveryState::waiting;
  int attempts = 0;     // that failed
  int last_status = 0;  // HTTP; 0: none came
  std::string last_error;
  WallTime next_at{};  // of `waiting`
  std::optional<WallTime> delivered_at;
};

// Of all webhooks together. `kept`: none was configured, so that it is only kept.
enum class AlertState { waiting, delivered, dead, kept };

struct StoredAlert {
  AlertId id;
  Alert alert;
  AlertState state = AlertState::waiting;
  std::vector<AlertDelivery> deliveries;  // by endpoint
};

}  // namespace earshot
