#pragma once
// The public REST API as the command line uses it. One process, one request at a time.

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"

#include <functional>
#include <string>

namespace earshot::cli {

struct ApiTarget {
  std::string url = "http://127.0.0.1:8080";
  Secret api_key;
};

class ApiClient {
 public:
  // Both outlive this.
  ApiClient(net::HttpClient& http, Clock& clock, ApiTarget target);
  // The body of a 2xx; otherwise the service's own error sentence, with what to do about the common
  // ones.
  Task<Result<std::string>> get(std::string path);
  Task<Result<std::string>> post(std::string path, std::string body);
  // Streams a 2xx body to `sink`; `expected` is told the Content-Length when there is one.
  Task<Result<void>> download(std::string path, net::HttpClient::Sink sink,
                              std::function<void(std::uint64_t)> expected);
  // Before asking again how far something is.
  Task<void> wait(Duration duration) { return clock_.sleep_for(duration); }

 private:
  net::HttpCall make_call(std::string method, const std::string& path) const;
  Result<std::string> judge(Result<net::HttpReply> reply) const;

  net::HttpClient& http_;
  Clock& clock_;
  ApiTarget target_;
};

}  // namespace earshot::cli
