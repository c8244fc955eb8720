#include "cli/api_client.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::cli {
namespace {

// A recording of hours over a slow line.
constexpr Duration download_timeout = 6h;

std::string message_of(const std::string& body) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  if (error || !value.is_object()) return {};
  const auto* problem = value.get_object().if_contains("error");
  if (problem == nullptr || !problem->is_object()) return {};
  const auto* message = problem->get_object().if_contains("message");
  return message != nullptr && message->is_string() ? std::string(message->get_string())
                                                    : std::string();
}

}  // namespace

ApiClient::ApiClient(net::HttpClient& http, Clock& clock, ApiTarget target)
    : http_(http), clock_(clock), target_(std::move(target)) {
  while (target_.url.ends_with('/')) target_.url.pop_back();
}

net::HttpCall ApiClient::make_call(std::string method, const std::string& path) const {
  net::HttpCall call{.method = std::move(method), .url = target_.url + path};
  call.headers.set("Authorization", "Bearer " + target_.api_key.reveal());
  return call;
}

Result<std::string> ApiClient::judge(Result<net::HttpReply> reply) const {
  if (!reply)
    return fail(
        ErrorKind::unavailable,
        fmt::format("no answer from {} ({}); is the service running? --url names another one",
                    target_.url, reply.error().message));
  if (reply->status >= 200 && reply->status < 300) return std::move(reply->body);
  const std::string said = message_of(reply->body);
  if (reply->status == 401)
    return fail(ErrorKind::refused,
                "the API key was refused; set EARSHOT_API_KEY or give --api-key");
  const ErrorKind kind = reply->status == 404   ? ErrorKind::not_found
                         : reply->status == 409 ? ErrorKind::conflict
                         : reply->status < 500  ? ErrorKind::invalid
                                                : ErrorKind::unavailable;
  return fail(kind, said.empty() ? fmt::format("the service answered {}", reply->status) : said);
}

Task<Result<std::string>> ApiClient::get(std::string path) {
  co_return judge(co_await http_.send(make_call("GET", path)));
}

Task<Result<std::string>> ApiClient::post(std::string path, std::string body) {
  net::HttpCall call = make_call("POST", path);
  call.headers.set("Content-Type", "application/json");
  call.body = std::move(body);
  co_return judge(co_await http_.send(std::move(call)));
}

Task<Result<void>> ApiClient::download(std::string path, net::HttpClient::Sink sink,
                                       std::function<void(std::uint64_t)> expected) {
  auto head = co_await http_.send(make_call("HEAD", path));
  if (head && head->status == 200 && expected) {
    const std::string length(head->headers.get("Content-Length"));
    if (!length.empty()) expected(std::strtoull(length.c_str(), nullptr, 10));
  }
  net::HttpCall call = make_call("GET", path);
  call.timeout = download_timeout;
  auto judged = judge(co_await http_.download(std::move(call), std::move(sink)));
  if (!judged) co_return Failure(judged.error());
  co_return ok();
}

}  // namespace earshot::cli
