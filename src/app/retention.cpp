#include "app/retention.hpp"

#include "base/crypto.hpp"

#include <string_view>
#include <utility>

namespace earshot::app {
namespace {

// Another key for another purpose, from the one secret that there always is.
recording::CallerErasureOptions erasure_options(const Bytes& key_seed) {
  constexpr std::string_view purpose = "receipts of erasures";
  const auto key = crypto::hmac_sha256(key_seed, as_bytes(purpose));
  return {.key = Bytes(key.begin(), key.end())};
}

std::string container_of(const Config& config) {
  return config.storage_container.empty() ? "recordings" : config.storage_container;
}

}  // namespace

Retention::Retention(const Config& config, recording::RetentionServices services, Random& random,
                     const Bytes& key_seed, jobs::JobRunner& jobs)
    : keeper_(services, config.retention),
      rounds_(services, keeper_),
      erasure_(services, random, erasure_options(key_seed)),
      routes_({services.retention, services.store, keeper_, rounds_, erasure_, services.clock,
               random, services.counters, services.log, container_of(config)},
              config.api_key) {
  jobs.handle(recording::erase_caller_job,
              [this](Job job) { return erasure_.run(std::move(job)); });
}

}  // namespace earshot::app
