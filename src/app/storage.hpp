#pragma once
// Where recordings are kept, by configuration: a container of Azure Blob Storage, or a directory.

#include "app/config.hpp"
#include "app/service.hpp"
#include "net/http_client.hpp"
#include "ports/blob_links.hpp"
#include "ports/blob_store.hpp"
#include "ports/token_source.hpp"

#include <memory>
#include <optional>
#include <string>

namespace earshot::app {

struct Storage {
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<BlobLinks> links;  // to the blobs of that store
  // What ACS is told to write into; none: service-managed recording.
  std::optional<std::string> container_url;
  // Event Grid's dead letters; none: not configured.
  std::unique_ptr<BlobStore> dead_letters;
};

Result<Storage> make_storage(const Config& config, net::HttpClient& http, TokenSource* tokens,
                             Outside& outside);

}  // namespace earshot::app
