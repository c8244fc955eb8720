#pragma once
// Blobs in one container of Azure Blob Storage, over its REST API: SharedKey, SAS or Entra. Every
// attempt is signed afresh; what may succeed later is tried again within bounds; a write whose
// answer was lost is compared before it counts as a conflict. The service's own code
// ("BlobNotFound") stands in Error::code, its request id in the message.
//
// One for each worker, called on it.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "blob/connection_string.hpp"
#include "net/http_client.hpp"
#include "ports/blob_store.hpp"
#include "ports/token_source.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::blob {

struct AzureBlobStoreOptions {
  AzureAccount account;
  std::string container;
  int tries_max = 4;
  Duration wait_first = 500ms;  // before the second try; doubles, with full jitter above half
  Duration wait_max = 20s;
  // The service's Retry-After beyond this is handed to the caller instead of being slept through.
  Duration retry_after_max = 30s;
  Duration timeout = 30s;                               // of a try, and on top of it
  std::uint64_t transfer_bytes_per_second = 256 << 10;  // the slowest transfer that is waited for
};

class AzureBlobStore : public BlobStore {
 public:
  // All but the options outlive this. `tokens` may be null unless the account's credential is
  // Entra. Throws std::invalid_argument when options cannot be (checked configuration is not).
  AzureBlobStore(AzureBlobStoreOptions options, net::HttpClient& http, TokenSource* tokens,
                 Clock& clock, Random& random, Counters& counters, Log& log);

  Task<Result<void>> put(BlobWrite write) override;
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override;
  Task<Result<BlobInfo>> info(BlobName name) override;
  Task<Result<BlobPage>> list(BlobListRequest request) override;
  Task<Result<void>> remove(BlobName name) override;
  Task<Result<void>> stage_block(BlobName name, std::uint32_t number, Bytes bytes) override;
  Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count,
                                   std::string content_type) override;
  Task<Result<TierChange>> set_tier(BlobName name, StorageTier tier) override;
  Task<Result<BlobTags>> tags(BlobName name) override;
  Task<Result<void>> set_tags(BlobName name, BlobTags tags) override;
  Task<Result<void>> set_legal_hold(BlobName name, bool on) override;

  // For emulators and first starts; a container that is there already is a success.
  Task<Result<void>> make_container();
  // Can the container be listed? For the check at start.
  Task<Result<void>> check_access();

 private:
  struct Request {
    std::string doing;  // "read blob", for messages
    std::string method;
    std::string blob;  // "" = the container
    std::vector<std::pair<std::string, std::string>> query;
    net::HttpHeaders headers;
    std::string body;
    std::uint64_t response_bytes = 0;  // expected beyond headers and errors
  };
  // A reply with a status of 2xx, or the error that it stands for.
  Task<Result<net::HttpReply>> send(Request request);
  Task<Result<net::HttpReply>> send_once(Request request, std::string request_id);
  Task<Result<void>> compare(BlobName name, std::uint64_t bytes, std::string md5, Bytes content);
  std::string target_of(const Request& request) const;
  Duration wait_before(int next_try);

  AzureBlobStoreOptions options_;
  std::string origin_;     // "https://acct.blob.core.windows.net"
  std::string base_path_;  // "" or "/devstoreaccount1"
  net::HttpClient& http_;
  TokenSource* tokens_;
  Clock& clock_;
  Random& random_;
  Log& log_;
  Counter& requests_;
  Counter& retries_;
  Counter& failures_;
};

}  // namespace earshot::blob
