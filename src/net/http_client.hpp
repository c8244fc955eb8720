#pragma once
// Outgoing HTTP over libcurl's multi interface, driven by the executor's event loop. Retries are
// not its business.

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "net/http_message.hpp"
#include "net/network.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace earshot::net {

struct HttpReply;

struct HttpCall {
  std::string method = "GET";
  std::string url;  // sent exactly as given, which is what signatures need
  HttpHeaders headers;
  std::string body;
  Duration connect_timeout = 10s;
  // For the whole exchange, by the Clock.
  Duration timeout = 30s;
  std::size_t response_bytes_max = 16 << 20;  // more: `corrupt`
  bool use_proxy = true;  // the environment's proxies; false for the platform's identity endpoints
  int redirects_max = 0;
  // A webhook's path may be what lets one in: messages then name the host alone.
  bool path_is_secret = false;
  // Told status and headers before the first byte of a body, once; not when there is none. A
  // failure ends the exchange with its error.
  std::function<Result<void>(const HttpReply&)> on_head;
};

struct HttpReply {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // A reply of any status is a success here. No reply is `unavailable` (what happened is in the
  // message, without the query string, which may hold secrets).
  virtual Task<Result<HttpReply>> send(HttpCall call) = 0;
  // The body goes to `sink` as it comes, in order, while the status is 2xx; HttpReply::body holds
  // it otherwise. A sink that fails ends the exchange with its error.
  using Sink = std::function<Result<void>(std::string_view)>;
  virtual Task<Result<HttpReply>> download(HttpCall call, Sink sink) = 0;
};

struct HttpClientOptions {
  std::string ca_pem_file;  // empty: the system's store
  long connections_per_host_max = 16;
  std::string user_agent = "earshot/0.1";
};

// One for each executor; called on it. Connections to the same host are reused.
std::unique_ptr<HttpClient> make_http_client(Network& network, Executor& executor, Clock& clock,
                                             HttpClientOptions options = {});

}  // namespace earshot::net
