#include "app/tokens.hpp"

#include "entra/identity.hpp"

#include <algorithm>

namespace earshot::app {

bool needs_tokens(const Config& config) {
  const bool for_storage = !config.storage_account.empty() &&
                           config.storage_connection_string.empty() &&
                           config.storage_account_key.empty() && config.storage_sas_token.empty();
  const bool for_acs = std::ranges::any_of(config.acs_resources, [](const auto& resource) {
    return resource.connection_string.empty();
  });
  return for_acs || config.voice_live_api_key.empty() || for_storage;
}

std::unique_ptr<TokenSource> make_token_source(const Config& config, net::HttpClient& http,
                                               Clock& clock, Random& random, Log& log,
                                               Counters& counters, Offload& offload) {
  if (!needs_tokens(config)) return nullptr;
  entra::IdentityOptions options;
  options.client_id = config.azure_client_id;
  options.tenant_id = config.azure_tenant_id;
  options.authority = config.azure_authority_host;
  options.federated_token_file = config.azure_federated_token_file;
  options.identity_endpoint = config.identity_endpoint;
  options.identity_header = config.identity_header;
  options.client_secret = config.azure_client_secret;
  return std::make_unique<entra::Identity>(std::move(options), http, clock, random, offload,
                                           counters, log);
}

}  // namespace earshot::app
