#include "app/retention.hpp"

#include "app/signing_key.hpp"
#include "app/version.hpp"
#include "base/crypto.hpp"

#include <fmt/format.h>
#include <string_view>
#include <utility>

namespace earshot::app {
namespace {

// Another key for another purpose, from the one secret that there always is.
recording::CallerErasureOptions erasure_options(const Config& config,
                                                const recording::ManifestKey& signing) {
  constexpr std::string_view purpose = "receipts of erasures";
  const auto key = crypto::hmac_sha256(signing.private_key, as_bytes(purpose));
  return {.key = Bytes(key.begin(), key.end()),
          .signing = signing,
          .manifest_keys = manifest_public_keys(signing, config),
          .software = fmt::format("earshot {}", version)};
}

std::string container_of(const Config& config) {
  return config.storage_container.empty() ? "recordings" : config.storage_container;
}

}  // namespace

Retention::Retention(const Config& config, recording::RetentionServices services, Random& random,
                     const recording::ManifestKey& signing, jobs::JobRunner& jobs)
    : keeper_(services, config.retention),
      rounds_(services, keeper_),
      erasure_(services, random, erasure_options(config, signing)),
      routes_({services.retention, services.store, keeper_, rounds_, erasure_, services.clock,
               random, services.counters, services.log, container_of(config)},
              config.api_key) {
  jobs.handle(recording::erase_caller_job,
              [this](Job job) { return erasure_.run(std::move(job)); });
}

}  // namespace earshot::app
