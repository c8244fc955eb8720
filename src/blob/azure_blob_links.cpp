#include "blob/azure_blob_links.hpp"

#include "blob/delegation_key_xml.hpp"
#include "blob/detail/azure_errors.hpp"
#include "blob/detail/checks.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>
#include <utility>

namespace earshot::blob {
namespace {

constexpr const char* api_version = "2025-11-05";
constexpr const char* token_scope = "https://storage.azure.com/.default";
constexpr Duration key_life_max = std::chrono::days(7);
constexpr std::size_t response_bytes_max = 64 << 10;
constexpr std::size_t file_name_bytes_max = 200;

// Quoted as RFC 6266 has it; what could end the quotes or the header is left out.
std::string disposition_of(std::string_view file_name) {
  if (file_name.empty()) return {};
  std::string safe;
  for (const char c : file_name.substr(0, file_name_bytes_max))
    if (c > 0x20 && c < 0x7f && c != '"' && c != '\\') safe += c;
  return safe.empty() ? "attachment" : fmt::format("attachment; filename=\"{}\"", safe);
}

WallTime in_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

}  // namespace

AzureBlobLinks::AzureBlobLinks(AzureBlobLinksOptions options, net::HttpClient& http,
                               TokenSource* tokens, Clock& clock, Counters& counters, Log& log)
    : options_(std::move(options)),
      http_(http),
      tokens_(tokens),
      clock_(clock),
      log_(log),
      fetched_(counters.counter("earshot_delegation_keys_total",
                                "user delegation keys got from storage, to sign links with")),
      failed_(counters.counter("earshot_delegation_key_failures_total",
                               "user delegation keys that could not be got, after all tries")) {
  const auto url = net::parse_url(options_.account.endpoint);
  if (!url) throw std::invalid_argument("the storage endpoint is no URL");
  https_ = url->is_tls();
  if (options_.account.credential == AzureCredential::entra && tokens_ == nullptr)
    throw std::invalid_argument("storage by Entra needs a token source");
  if (options_.key_life <= options_.link_max || options_.key_life > key_life_max)
    throw std::invalid_argument(
        "a delegation key lives longer than a link, and seven days at most");
}

Task<Result<BlobLink>> AzureBlobLinks::make_link(BlobLinkRequest request) {
  if (options_.account.credential == AzureCredential::sas)
    co_return fail(ErrorKind::conflict,
                   "storage is configured with a SAS token, which can sign no links and is not "
                   "handed out: use Entra ID or the account's key, or a signed link to the audio");
  if (auto checked = detail::check_name(request.name); !checked) co_return Failure(checked.error());
  const WallTime now = clock_.wall_now();
  const WallTime expiry = in_seconds(request.expires_at);
  if (expiry <= now) co_return fail(ErrorKind::invalid, "a link must end in the future");
  if (expiry > now + options_.link_max)
    co_return fail(ErrorKind::invalid, "a link to a blob would be good for too long");
  const SharedRead read{.account = options_.account.name,
                        .container = options_.container,
                        .blob = request.name.text,
                        .start = now - options_.clock_skew,
                        .expiry = expiry,
                        .https_only = https_,
                        .content_disposition = disposition_of(request.file_name)};
  Result<std::string> query = Failure(Error{});
  if (options_.account.credential == AzureCredential::shared_key) {
    query = service_sas(read, options_.account.key);
  } else {
    auto key = co_await key_until(expiry);
    if (!key) co_return Failure(key.error());
    query = user_delegation_sas(read, *key);
  }
  if (!query) co_return Failure(query.error());
  co_return BlobLink{
      .url = Secret(fmt::format("{}/{}/{}?{}", options_.account.endpoint, options_.container,
                                net::percent_encode_path(request.name.text), *query)),
      .expires_at = expiry};
}

// Whatever comes of it, those who wait go on.
class AzureBlobLinks::Fetching {
 public:
  explicit Fetching(AzureBlobLinks& links) : links_(links) { links_.fetching_ = true; }
  ~Fetching() {
    links_.fetching_ = false;
    for (auto* waiter : std::exchange(links_.waiting_, {})) waiter->notify();
  }
  Fetching(const Fetching&) = delete;
  Fetching& operator=(const Fetching&) = delete;

 private:
  AzureBlobLinks& links_;
};

Task<Result<UserDelegationKey>> AzureBlobLinks::key_until(WallTime expiry) {
  for (;;) {
    if (key_ && expiry <= key_->expires_at) co_return *key_;
    if (fetching_) {
      const auto fetched = clock_.make_signal();
      waiting_.push_back(fetched.get());
      co_await fetched->wait();
    } else {
      const Fetching fetching(*this);
      outcome_ = co_await fetch_key();
      // Storage may give less than was asked for.
      if (outcome_ && expiry > key_->expires_at)
        outcome_ = fail(ErrorKind::unavailable,
                        "storage gave a user delegation key that ends before the link would");
    }
    if (!outcome_) co_return Failure(outcome_.error());
  }
}

Task<Result<void>> AzureBlobLinks::fetch_key() {
  Duration wait = options_.wait_first;
  for (int attempt = 1;; ++attempt) {
    const WallTime now = clock_.wall_now();
    auto reply = co_await ask(now);
    if (reply && reply->status == 200) {
      auto key = parse_delegation_key(reply->body);
      if (!key) co_return Failure(key.error());
      key_ = std::move(*key);
      fetched_.add();
      co_return ok();
    }
    const Error error =
        reply ? detail::error_of("get a user delegation key", *reply, now) : reply.error();
    if (!worth_retrying(error) || attempt >= options_.tries_max) {
      failed_.add();
      if (error.kind == ErrorKind::refused)
        log_.warn(
            "storage gave no user delegation key: the identity needs the role Storage Blob "
            "Delegator on the account",
            {{"status", error.status}, {"code", error.code}});
      co_return Failure(error);
    }
    co_await clock_.sleep_for(wait);
    wait *= 2;
  }
}

Task<Result<net::HttpReply>> AzureBlobLinks::ask(WallTime now) {
  auto token = co_await tokens_->token(token_scope);
  if (!token) co_return fail("get a token for storage", token.error());
  net::HttpCall call{
      .method = "POST",
      .url = options_.account.endpoint + "/?restype=service&comp=userdelegationkey",
      .headers = {{"Content-Type", "application/xml"},
                  {"x-ms-version", api_version},
                  {"x-ms-date", to_http_date(now)},
                  {"Authorization", "Bearer " + token->reveal()}},
      .body = delegation_key_request_xml(now - options_.clock_skew, now + options_.key_life),
      .timeout = options_.timeout,
      .response_bytes_max = response_bytes_max};
  co_return co_await http_.send(std::move(call));
}

}  // namespace earshot::blob
