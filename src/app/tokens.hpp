#pragma once
// The Entra ID token source that the configuration names, or that the platform offers.

#include "app/config.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "ports/token_source.hpp"

#include <memory>

namespace earshot::app {

// Does any part of the configuration rely on Entra ID?
bool needs_tokens(const Config& config);
// Null when nothing needs one.
std::unique_ptr<TokenSource> make_token_source(const Config& config, net::HttpClient& http,
                                               Clock& clock, Random& random, Log& log,
                                               Counters& counters, Offload& offload);

}  // namespace earshot::app
