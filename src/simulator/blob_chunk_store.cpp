#include "simulator/blob_chunk_store.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace earshot::simulator {
namespace {

constexpr const char* service_version = "2025-11-05";

class BlobChunkStore : public ChunkStore {
 public:
  BlobChunkStore(net::HttpClient& http, Clock& clock, BlobAccount account)
      : http_(http), clock_(clock), account_(std::move(account)) {}

  Task<Result<void>> put(std::string container_url, std::string name, std::string bytes,
                         std::string content_type) override {
    if (!account_.container_url.empty()) container_url = account_.container_url;
    while (container_url.ends_with('/')) container_url.pop_back();
    auto url = net::parse_url(container_url);
    if (!url) co_return fail("container URL", url.error());
    if (account_.create_container && containers_.insert(container_url).second) {
      auto made = co_await make_container(*url);
      if (!made) co_return made;
    }
    url->target += "/" + net::percent_encode_path(name);
    net::HttpCall call{.method = "PUT", .url = url->text(), .body = std::move(bytes)};
    BlobRequestToSign request{
        .method = "PUT",
        .path = url->target,
        .ms_headers = {{"x-ms-blob-type", "BlockBlob"}},
        .content_length = call.body.empty() ? "" : std::to_string(call.body.size()),
        .content_type = content_type};
    call.headers.add("Content-Type", content_type);
    co_return co_await send(std::move(call), std::move(request), false);
  }

 private:
  Task<Result<void>> make_container(net::Url url) {
    net::HttpCall call{.method = "PUT", .url = url.text() + "?restype=container"};
    BlobRequestToSign request{
        .method = "PUT", .path = url.target, .query = {{"restype", "container"}}};
    co_return co_await send(std::move(call), std::move(request), true);
  }

  Task<Result<void>> send(net::HttpCall call, BlobRequestToSign request, bool may_exist) {
    Error last;
    for (int attempt = 0; attempt < account_.attempts_max; ++attempt) {
      if (attempt > 0) co_await clock_.sleep_for(Duration(1s) * attempt);
      net::HttpCall signed_call = call;
      BlobRequestToSign signed_request = request;
      signed_request.ms_headers.emplace_back("x-ms-date", to_http_date(clock_.wall_now()));
      signed_request.ms_headers.emplace_back("x-ms-version", service_version);
      for (const auto& [header, value] : signed_request.ms_headers)
        signed_call.headers.add(header, value);
      signed_call.headers.add("Authorization", shared_key_authorization(account_, signed_request));
      auto reply = co_await http_.send(std::move(signed_call));
      if (!reply) {
        last = reply.error();
        continue;
      }
      if (reply->status == 201 || (may_exist && reply->status == 409)) co_return ok();
      last = {.kind = reply->status >= 500 ? ErrorKind::unavailable : ErrorKind::refused,
              .message = fmt::format("put blob: the storage answered {} {}", reply->status,
                                     reply->headers.get("x-ms-error-code")),
              .status = reply->status};
      if (!worth_retrying(last)) break;
    }
    co_return Failure(last);
  }

  net::HttpClient& http_;
  Clock& clock_;
  BlobAccount account_;
  std::set<std::string> containers_;
};

std::string setting(const std::string& text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find(';', at), text.size());
    const std::string_view word(text.data() + at, end - at);
    if (word.starts_with(name) && word.substr(name.size()).starts_with('='))
      return std::string(word.substr(name.size() + 1));
    at = end + 1;
  }
  return "";
}

}  // namespace

Result<BlobAccount> parse_storage_connection_string(const std::string& text) {
  BlobAccount account{.account = setting(text, "AccountName"),
                      .key_base64 = setting(text, "AccountKey")};
  if (account.account.empty() || account.key_base64.empty() ||
      !base64::decode(account.key_base64).has_value())
    return fail(ErrorKind::invalid,
                "storage connection string: AccountName and AccountKey (base64) are needed");
  return account;
}

std::string shared_key_authorization(const BlobAccount& account, const BlobRequestToSign& request) {
  auto headers = request.ms_headers;
  std::sort(headers.begin(), headers.end());
  auto query = request.query;
  std::sort(query.begin(), query.end());
  std::string text = fmt::format("{}\n\n\n{}\n\n{}\n\n\n\n\n\n\n", request.method,
                                 request.content_length, request.content_type);
  for (const auto& [name, value] : headers) text += fmt::format("{}:{}\n", name, value);
  text += fmt::format("/{}{}", account.account, request.path);
  for (const auto& [name, value] : query) text += fmt::format("\n{}:{}", name, value);
  const auto key = base64::decode(account.key_base64);
  const auto signature = crypto::hmac_sha256(key ? *key : Bytes{}, as_bytes(text));
  return fmt::format("SharedKey {}:{}", account.account, base64::encode(signature));
}

std::unique_ptr<ChunkStore> make_blob_chunk_store(net::HttpClient& http, Clock& clock,
                                                  BlobAccount account) {
  return std::make_unique<BlobChunkStore>(http, clock, std::move(account));
}

}  // namespace earshot::simulator
