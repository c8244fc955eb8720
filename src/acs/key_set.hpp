#pragma once
// The public keys that ACS signs its callback and media tokens with: OpenID configuration ->
// jwks_uri -> keys. One for each executor; called on it. Fetched when first needed, again when a
// token names a key that is not there (at most every `refetch_every`), and daily.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/http_client.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace earshot::acs {

namespace detail {
class SigningKey;
}

struct KeySetOptions {
  std::string openid_config_url =
      "https://acscallautomation.communication.azure.com/calling/.well-known/"
      "acsopenidconfiguration";
  Duration fetch_timeout = 5s;
  Duration refetch_every = 30s;  // after a fetch that worked, however many unknown keys are named
  Duration retry_every = 2s;     // after one that failed
  Duration refresh_every = 24h;  // so that a withdrawn key goes
  std::size_t keys_max = 64;
  std::size_t response_bytes_max = 1 << 20;
};

using SigningKeyPtr = std::shared_ptr<const detail::SigningKey>;

class KeySet {
 public:
  // What is passed outlives this.
  KeySet(net::HttpClient& http, Clock& clock, Log& log, Counters& counters, KeySetOptions options);
  ~KeySet();
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  // `refused`: the key set was read lately and has no such key. `unavailable`: nobody can tell,
  // because the set could not be read. Concurrent calls share one fetch.
  Task<Result<SigningKeyPtr>> find(std::string key_id);

 private:
  using Keys = std::map<std::string, SigningKeyPtr, std::less<>>;
  struct Fetching;
  struct Waiting;
  Task<void> fetch();
  Task<void> fetch_or_wait();
  Task<Result<Keys>> load();
  Task<Result<std::string>> get(std::string url);
  Result<Keys> import_keys(const std::string& body);
  bool may_fetch() const;

  net::HttpClient& http_;
  Clock& clock_;
  Log& log_;
  Counter& fetches_;
  Counter& failures_;
  Counter& bad_keys_;
  KeySetOptions options_;
  Keys keys_;
  bool fetching_ = false;
  bool ever_fetched_ = false;
  bool last_failed_ = false;
  SteadyTime fetched_at_{};    // the last that worked
  SteadyTime attempted_at_{};  // the last at all
  std::string last_error_;
  std::vector<Signal*> waiting_;
};

}  // namespace earshot::acs
