#include "app/storage.hpp"

#include "app/options.hpp"
#include "blob/azure_blob_store.hpp"
#include "blob/connection_string.hpp"
#include "blob/directory_blob_store.hpp"

namespace earshot::app {
namespace {

// A directory has no address that ACS could write to; the name under .invalid (RFC 2606) makes a
// real ACS refuse it, and is all that a simulator needs, which writes into the same directory.
constexpr const char* folder_container_url = "https://folder.invalid/recordings";

Result<blob::AzureAccount> account_of(const Config& config) {
  if (!config.storage_connection_string.empty()) {
    auto account = blob::parse_connection_string(config.storage_connection_string);
    if (!account) return fail("AZURE_STORAGE_CONNECTION_STRING", account.error());
    return account;
  }
  blob::AzureAccountSettings settings{.account = config.storage_account,
                                      .key = config.storage_account_key,
                                      .sas = config.storage_sas_token,
                                      .use_entra = true};
  auto account = blob::make_account(std::move(settings));
  if (!account) return fail("AZURE_STORAGE_ACCOUNT", account.error());
  return account;
}

Result<Storage> make_azure(const Config& config, net::HttpClient& http, TokenSource* tokens,
                           Outside& outside) {
  auto account = account_of(config);
  if (!account) return Failure(account.error());
  if (!blob::is_container_name(config.storage_container))
    return fail(
        ErrorKind::invalid,
        "AZURE_STORAGE_CONTAINER takes 3 to 63 lower-case letters, digits and single hyphens");
  Storage storage;
  storage.container_url = account->endpoint + "/" + config.storage_container;
  blob::AzureBlobStoreOptions options{.account = std::move(*account),
                                      .container = config.storage_container};
  storage.blobs =
      std::make_unique<blob::AzureBlobStore>(std::move(options), http, tokens, outside.clock,
                                             outside.random, outside.counters, outside.log);
  return storage;
}

}  // namespace

Result<Storage> make_storage(const Config& config, net::HttpClient& http, TokenSource* tokens,
                             Outside& outside) {
  Result<Storage> storage;
  if (uses_folder(config)) {
    blob::DirectoryBlobStoreOptions options{.folder = config.storage_folder};
    storage->blobs = std::make_unique<blob::DirectoryBlobStore>(std::move(options), outside.offload,
                                                                outside.random);
    storage->container_url = folder_container_url;
  } else {
    storage = make_azure(config, http, tokens, outside);
    if (!storage) return storage;
  }
  if (!config.recording_use_byos) storage->container_url.reset();
  return storage;
}

}  // namespace earshot::app
