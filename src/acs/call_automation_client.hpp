#pragma once
// CallControl over ACS's REST API. One for each resource and executor; called on it. Errors as of
// ports/call_control.hpp.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "ports/call_control.hpp"
#include "ports/token_source.hpp"

#include <memory>
#include <optional>
#include <string>

namespace earshot::acs {

struct CallAutomationOptions {
  std::string endpoint;              // as connection_string.hpp gives it
  std::string resource;              // its label, for metrics
  std::optional<Secret> access_key;  // base64; none: Entra ID, by the token source
  std::string api_version = "2026-03-12";
  std::string token_scope = "https://communication.azure.com//.default";  // two slashes, so it is
  Duration attempt_timeout = 10s;
  // No further attempt starts later than this after the first; a ringing call waits 30 s.
  Duration total_timeout = 25s;
  int attempts_max = 4;
  Duration backoff_first = 500ms;  // doubled each time, with jitter of a half either way
  Duration backoff_max = 5s;
  // 429 without Retry-After: rejected requests count against the limit too, so wait longer.
  Duration throttled_backoff = 2s;
};

struct CallAutomationServices {
  net::HttpClient& http;
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  DiagnosticsSink* diagnostics = nullptr;  // may be absent
  TokenSource* tokens = nullptr;           // needed without an access key
};

// `invalid` when the options contradict themselves. What `services` names outlives the client.
Result<std::unique_ptr<CallControl>> make_call_automation_client(CallAutomationServices services,
                                                                 CallAutomationOptions options);

}  // namespace earshot::acs
