#pragma once
// The Assistant over Azure Voice Live. One for each executor; called on it.

#include "base/random.hpp"
#include "net/network.hpp"
#include "ports/token_source.hpp"
#include "voice_live/connect_quota.hpp"
#include "voice_live/session.hpp"

#include <functional>
#include <memory>

namespace earshot::voice_live {

// Opens a WebSocket; the real one is make_connector's.
using Connector = std::function<Task<Result<net::Upgraded>>(net::WebSocketClientOptions)>;
Connector make_connector(net::Network& network, Executor& executor, Clock& clock);

// Given at construction, outlive the assistant and its sessions.
struct VoiceLiveServices {
  Executor& executor;
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  ConnectQuota& quota;  // shared by all executors
  Connector connect;
  std::shared_ptr<net::TlsContext> tls;  // for https endpoints
  TokenSource* tokens = nullptr;         // needed without a key
};

// `invalid` says which option is wrong.
Result<std::unique_ptr<Assistant>> make_voice_live_assistant(VoiceLiveServices services,
                                                             VoiceLiveOptions options);

}  // namespace earshot::voice_live
