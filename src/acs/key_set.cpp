#include "acs/key_set.hpp"

#include "acs/detail/json_read.hpp"
#include "acs/detail/signing_key.hpp"
#include "net/url.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>

namespace earshot::acs {

namespace json = boost::json;
using detail::text_member;

namespace {

Result<json::object> parse_object(const std::string& body) {
  boost::system::error_code error;
  auto value = json::parse(json::string_view(body.data(), body.size()), error);
  auto* object = error ? nullptr : value.if_object();
  if (!object) return fail(ErrorKind::unavailable, "the answer is not a JSON object");
  return std::move(*object);
}

// Keys for encryption, or of another algorithm, stand in the same set.
bool is_meant_for_rs256(const json::object& key) {
  const auto use = text_member(&key, "use");
  const auto algorithm = text_member(&key, "alg");
  return (use.empty() || use == "sig") && (algorithm.empty() || algorithm == "RS256");
}

}  // namespace

// Marks a fetch as running, and wakes everybody who waited for it however it ends.
struct KeySet::Fetching {
  explicit Fetching(KeySet& owner) : set(owner) { set.fetching_ = true; }
  ~Fetching() {
    set.fetching_ = false;
    for (auto* signal : set.waiting_) signal->notify();
  }
  Fetching(const Fetching&) = delete;
  Fetching& operator=(const Fetching&) = delete;
  KeySet& set;
};

// In the list of those who wait, as long as it lives: also when its coroutine is ended early.
struct KeySet::Waiting {
  explicit Waiting(KeySet& owner) : set(owner), signal(owner.clock_.make_signal()) {
    set.waiting_.push_back(signal.get());
  }
  ~Waiting() { std::erase(set.waiting_, signal.get()); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  KeySet& set;
  std::unique_ptr<Signal> signal;
};

KeySet::KeySet(net::HttpClient& http, Clock& clock, Log& log, Counters& counters,
               KeySetOptions options)
    : http_(http),
      clock_(clock),
      log_(log),
      fetches_(counters.counter("earshot_acs_key_fetches_total", "reads of ACS's signing keys")),
      failures_(counters.counter("earshot_acs_key_fetch_failures_total",
                                 "reads of ACS's signing keys that failed")),
      bad_keys_(counters.counter("earshot_acs_keys_unusable_total",
                                 "keys of ACS's key set that could not be imported")),
      options_(std::move(options)) {}

KeySet::~KeySet() = default;

bool KeySet::may_fetch() const {
  if (!ever_fetched_ && !last_failed_) return true;
  const auto since = clock_.steady_now() - attempted_at_;
  return since >= (last_failed_ ? options_.retry_every : options_.refetch_every);
}

Task<Result<SigningKeyPtr>> KeySet::find(std::string key_id) {
  const bool stale = ever_fetched_ && clock_.steady_now() - fetched_at_ >= options_.refresh_every;
  if (auto known = keys_.find(key_id); known != keys_.end() && !stale) co_return known->second;
  if (fetching_ || may_fetch()) co_await fetch_or_wait();
  if (auto known = keys_.find(key_id); known != keys_.end()) co_return known->second;
  // Never refuse for a fault of ours: Event Grid and ACS may not come back after a 401.
  if (last_failed_ || !ever_fetched_)
    co_return fail(ErrorKind::unavailable, "ACS's signing keys cannot be read: " + last_error_);
  co_return fail(ErrorKind::refused, "the token's key is not one of ACS's");
}

Task<void> KeySet::fetch_or_wait() {
  if (!fetching_) {
    co_await fetch();
    co_return;
  }
  const Waiting waiting(*this);
  while (fetching_) co_await waiting.signal->wait();
}

Task<void> KeySet::fetch() {
  const Fetching fetching(*this);
  attempted_at_ = clock_.steady_now();
  fetches_.add();
  auto loaded = co_await load();
  last_failed_ = !loaded.has_value();
  if (!loaded) {
    failures_.add();
    last_error_ = loaded.error().message;
    log_.warn("signing keys not read", {{"what", last_error_}});
    co_return;
  }
  keys_ = std::move(*loaded);
  ever_fetched_ = true;
  fetched_at_ = clock_.steady_now();
  log_.info("signing keys read", {{"keys", keys_.size()}});
}

Task<Result<KeySet::Keys>> KeySet::load() {
  auto configuration = co_await get(options_.openid_config_url);
  if (!configuration) co_return fail("OpenID configuration", configuration.error());
  auto object = parse_object(*configuration);
  if (!object) co_return fail("OpenID configuration", object.error());
  auto keys_url = text_member(&*object, "jwks_uri");
  auto url = net::parse_url(keys_url);
  // A configuration that was tampered with must not turn us to plain text.
  if (!url || (url->scheme != "https" && !net::is_loopback(url->host)))
    co_return fail(ErrorKind::unavailable, "OpenID configuration: no usable jwks_uri");
  auto keys = co_await get(std::move(keys_url));
  if (!keys) co_return fail("key set", keys.error());
  co_return import_keys(*keys);
}

Task<Result<std::string>> KeySet::get(std::string url) {
  net::HttpCall call;
  call.url = std::move(url);
  call.headers.add("Accept", "application/json");
  call.timeout = options_.fetch_timeout;
  call.connect_timeout = options_.fetch_timeout;
  call.response_bytes_max = options_.response_bytes_max;
  auto reply = co_await http_.send(std::move(call));
  if (!reply) co_return Failure(reply.error());
  if (reply->status != 200)
    co_return fail(ErrorKind::unavailable, fmt::format("answered {}", reply->status));
  co_return std::move(reply->body);
}

// One by one: a key that we cannot read must not cost us the others.
Result<KeySet::Keys> KeySet::import_keys(const std::string& body) {
  auto object = parse_object(body);
  if (!object) return fail("key set", object.error());
  const auto* list = detail::member(&*object, "keys");
  if (!list || !list->is_array()) return fail(ErrorKind::unavailable, "key set: no keys");
  Keys keys;
  for (const auto& element : list->get_array()) {
    const auto* key = element.if_object();
    const auto id = text_member(key, "kid");
    if (keys.size() >= options_.keys_max) break;
    if (key && !id.empty() && is_meant_for_rs256(*key)) {
      auto imported = detail::SigningKey::import(std::string(json::serialize(*key)));
      if (imported) {
        keys.insert_or_assign(id, *imported);
        continue;
      }
    }
    bad_keys_.add();
  }
  if (keys.empty()) return fail(ErrorKind::unavailable, "key set: no usable key");
  return keys;
}

}  // namespace earshot::acs
