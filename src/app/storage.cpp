#include "app/storage.hpp"

#include "app/options.hpp"
#include "blob/azure_blob_links.hpp"
#include "blob/azure_blob_store.hpp"
#include "blob/connection_string.hpp"
#include "blob/directory_blob_store.hpp"
#include "blob/no_blob_links.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

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

std::unique_ptr<BlobStore> make_container(const blob::AzureAccount& account, std::string container,
                                          net::HttpClient& http, TokenSource* tokens,
                                          Outside& outside) {
  blob::AzureBlobStoreOptions options{.account = account, .container = std::move(container)};
  return std::make_unique<blob::AzureBlobStore>(std::move(options), http, tokens, outside.clock,
                                                outside.random, outside.counters, outside.log);
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
  storage.blobs = make_container(*account, config.storage_container, http, tokens, outside);
  blob::AzureBlobLinksOptions linking{.account = *account, .container = config.storage_container};
  storage.links = std::make_unique<blob::AzureBlobLinks>(
      std::move(linking), http, tokens, outside.clock, outside.counters, outside.log);
  if (!config.dead_letter_container.empty())
    storage.dead_letters =
        make_container(*account, config.dead_letter_container, http, tokens, outside);
  return storage;
}

Storage make_folder(const Config& config, Outside& outside) {
  Storage storage;
  blob::DirectoryBlobStoreOptions options{.folder = config.storage_folder};
  storage.blobs =
      std::make_unique<blob::DirectoryBlobStore>(options, outside.offload, outside.random);
  storage.links = std::make_unique<blob::NoBlobLinks>();
  storage.container_url = folder_container_url;
  if (!config.dead_letter_container.empty()) {
    const auto folder = std::filesystem::absolute(config.storage_folder).lexically_normal();
    // A trailing slash would make the folder its own parent.
    const auto parent =
        folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path();
    options.folder = parent / config.dead_letter_container;
    storage.dead_letters =
        std::make_unique<blob::DirectoryBlobStore>(options, outside.offload, outside.random);
  }
  return storage;
}

// Made, and written to once: a folder that takes nothing would be noticed at the end of the first
// call.
Result<void> check_folder(const std::string& folder) {
  const auto unusable = [&](const std::string& why) {
    return fail(ErrorKind::unavailable,
                fmt::format("AZURE_STORAGE_FOLDER {} cannot be written: {}", folder, why));
  };
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return unusable(error.message());
  auto probe = (std::filesystem::path(folder) / ".earshot-XXXXXX").string();
  const int fd = ::mkstemp(probe.data());
  if (fd < 0) return unusable(std::generic_category().message(errno));
  const bool written = ::write(fd, "x", 1) == 1;
  const int reason = errno;
  ::close(fd);
  ::unlink(probe.c_str());
  if (!written) return unusable(std::generic_category().message(reason));
  return ok();
}

}  // namespace

Result<Storage> make_storage(const Config& config, net::HttpClient& http, TokenSource* tokens,
                             Outside& outside) {
  if (uses_folder(config)) {
    if (auto usable = check_folder(config.storage_folder); !usable) return Failure(usable.error());
  }
  Result<Storage> storage = uses_folder(config) ? Result<Storage>(make_folder(config, outside))
                                                : make_azure(config, http, tokens, outside);
  if (!storage) return storage;
  if (!config.recording_use_byos) storage->container_url.reset();
  return storage;
}

}  // namespace earshot::app
