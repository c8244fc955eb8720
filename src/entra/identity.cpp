#include "entra/identity.hpp"

#include "entra/token_response.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <utility>

namespace earshot::entra {
namespace {

constexpr std::size_t token_file_bytes_max = 64 << 10;
constexpr std::size_t scopes_max = 16;
constexpr std::string_view default_suffix = "/.default";

// The managed-identity endpoints want the resource, of which the scope is "<resource>/.default".
std::string resource_of(std::string scope) {
  if (scope.ends_with(default_suffix)) scope.resize(scope.size() - default_suffix.size());
  return scope;
}

std::string form_field(std::string_view name, std::string_view value) {
  return fmt::format("{}={}", name, net::percent_encode(value));
}

// Blocking; on the offload.
Result<std::string> read_small_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::unavailable, "the federated token file cannot be opened");
  std::string text(token_file_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  if (text.empty() || text.size() > token_file_bytes_max)
    return fail(ErrorKind::unavailable, "the federated token file is empty or too long");
  return text;
}

std::string without_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

IdentityKind kind_of(const IdentityOptions& options) {
  if (!options.federated_token_file.empty()) return IdentityKind::workload;
  if (!options.identity_endpoint.empty() && !options.identity_header.empty())
    return IdentityKind::platform;
  if (!options.client_secret.empty()) return IdentityKind::client_secret;
  return IdentityKind::machine;
}

std::vector<std::string> faults_of(const IdentityOptions& options) {
  std::vector<std::string> faults;
  const auto kind = kind_of(options);
  if (kind == IdentityKind::workload || kind == IdentityKind::client_secret) {
    if (options.client_id.empty()) faults.emplace_back("AZURE_CLIENT_ID is missing");
    if (options.tenant_id.empty()) faults.emplace_back("AZURE_TENANT_ID is missing");
    const auto url = net::parse_url(options.authority);
    if (!url || (url->scheme != "https" && !net::is_loopback(url->host)))
      faults.emplace_back("AZURE_AUTHORITY_HOST must be an https URL");
  }
  if (options.identity_endpoint.empty() != options.identity_header.empty())
    faults.emplace_back("IDENTITY_ENDPOINT and IDENTITY_HEADER belong together");
  if (kind == IdentityKind::platform && !net::parse_url(options.identity_endpoint))
    faults.emplace_back("IDENTITY_ENDPOINT is no URL");
  return faults;
}

Identity::Identity(IdentityOptions options, net::HttpClient& http, Clock& clock, Random& random,
                   Offload& offload, Counters& counters, Log& log)
    : options_(std::move(options)),
      kind_(kind_of(options_)),
      http_(http),
      clock_(clock),
      random_(random),
      offload_(offload),
      log_(log),
      renewals_(counters.counter("earshot_tokens_renewed_total", "Entra tokens got")),
      failures_(counters.counter("earshot_token_failures_total",
                                 "Entra tokens that could not be got, after all tries")) {}

Identity::~Identity() = default;

// Whatever comes of the renewal, those who wait for it go on.
class Identity::Renewing {
 public:
  explicit Renewing(Kept& kept) : kept_(kept) { kept_.renewing = true; }
  ~Renewing() {
    kept_.renewing = false;
    for (auto* waiter : std::exchange(kept_.waiting, {})) waiter->notify();
  }
  Renewing(const Renewing&) = delete;
  Renewing& operator=(const Renewing&) = delete;

 private:
  Kept& kept_;
};

Task<Result<Secret>> Identity::token(std::string scope) {
  if (!kept_.contains(scope) && kept_.size() >= scopes_max)
    co_return fail(ErrorKind::invalid, "tokens for too many scopes are asked for");
  for (;;) {
    auto& kept = kept_[scope];  // never erased
    const auto now = clock_.wall_now();
    const bool good = !kept.token.empty() && now < kept.good_until;
    const bool due = !good || now >= kept.good_until - options_.renew_before;
    if (!due || (good && (kept.renewing || clock_.steady_now() < kept.next_try)))
      co_return kept.token;
    if (kept.renewing) {
      const auto renewed = clock_.make_signal();
      kept.waiting.push_back(renewed.get());
      co_await renewed->wait();
      continue;
    }
    Result<void> outcome = ok();
    {
      const Renewing renewing(kept);
      outcome = co_await renew(scope);
    }
    if (outcome) co_return kept.token;
    failures_.add();
    kept.next_try = clock_.steady_now() + options_.wait_after_failure;
    if (kept.token.empty() || clock_.wall_now() >= kept.good_until)
      co_return Failure(outcome.error());
    log_.warn("a token could not be renewed, the old one is used on",
              {{"scope", scope}, {"error", outcome.error().message}});
    co_return kept.token;
  }
}

Task<Result<void>> Identity::renew(std::string scope) {
  auto wait = options_.wait_first;
  for (int attempt = 1;; ++attempt) {
    auto reply = co_await ask(scope);
    std::optional<Error> error;
    bool again = false;
    if (!reply) {
      error = reply.error();
      again = worth_retrying(*error);
    } else if (reply->status == 200) {
      auto parsed = parse_token_response(reply->body, clock_.wall_now());
      if (!parsed) co_return Failure(parsed.error());
      kept_[scope].token = std::move(parsed->token);
      kept_[scope].good_until = parsed->good_until;
      renewals_.add();
      co_return ok();
    } else {
      again = is_worth_another_try(*reply);
      const auto said = parse_token_error(reply->body);
      error = Error{.kind = again ? ErrorKind::unavailable : ErrorKind::refused,
                    .message = fmt::format("the token endpoint answered {}{}{}", reply->status,
                                           said.empty() ? "" : " ", said),
                    .status = reply->status,
                    .code = said};
    }
    if (!again || attempt >= options_.tries_max) co_return Failure(*error);
    co_await clock_.sleep_for(Duration(static_cast<std::int64_t>(
        static_cast<double>(wait.count()) * (0.75 + 0.5 * random_.next_unit()))));
    wait *= 2;
  }
}

// A machine that has just started answers 404 and 410 for a while.
bool Identity::is_worth_another_try(const net::HttpReply& reply) const {
  if (reply.status == 408 || reply.status == 429 || reply.status >= 500) return true;
  return kind_ == IdentityKind::machine && (reply.status == 404 || reply.status == 410);
}

Task<Result<net::HttpReply>> Identity::ask(std::string scope) {
  auto call = co_await make_call(std::move(scope));
  if (!call) co_return Failure(call.error());
  call->timeout = 15s;
  call->connect_timeout = 5s;
  call->response_bytes_max = 1 << 20;
  co_return co_await http_.send(std::move(*call));
}

Task<Result<net::HttpCall>> Identity::make_call(std::string scope) {
  net::HttpCall call;
  if (kind_ == IdentityKind::platform || kind_ == IdentityKind::machine) {
    const bool machine = kind_ == IdentityKind::machine;
    const auto base =
        machine ? without_slash(options_.metadata_endpoint) + "/metadata/identity/oauth2/token"
                : options_.identity_endpoint;
    call.url = fmt::format("{}{}api-version={}&{}", base, base.contains('?') ? '&' : '?',
                           machine ? "2018-02-01" : "2019-08-01",
                           form_field("resource", resource_of(std::move(scope))));
    if (!options_.client_id.empty()) call.url += "&" + form_field("client_id", options_.client_id);
    if (machine)
      call.headers.add("Metadata", "true");
    else
      call.headers.add("X-IDENTITY-HEADER", options_.identity_header.reveal());
    // A proxy would be handed the machine's identity.
    call.use_proxy = false;
    co_return call;
  }
  call.method = "POST";
  call.url = fmt::format("{}/{}/oauth2/v2.0/token", without_slash(options_.authority),
                         net::percent_encode(options_.tenant_id));
  call.headers.add("Content-Type", "application/x-www-form-urlencoded");
  call.body = "grant_type=client_credentials&" + form_field("client_id", options_.client_id) + "&" +
              form_field("scope", scope);
  if (kind_ == IdentityKind::client_secret) {
    call.body += "&" + form_field("client_secret", options_.client_secret.reveal());
    co_return call;
  }
  auto assertion = co_await read_federated_token();
  if (!assertion) co_return Failure(assertion.error());
  call.body +=
      "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&" +
      form_field("client_assertion", *assertion);
  co_return call;
}

// Read each time: the platform replaces the file before the token in it ends.
Task<Result<std::string>> Identity::read_federated_token() {
  std::optional<Result<std::string>> read;
  std::move_only_function<void()> work = [&read, this] {
    read.emplace(read_small_file(options_.federated_token_file));
  };
  co_await offload_.run(std::move(work));
  co_return std::move(*read);
}

}  // namespace earshot::entra
