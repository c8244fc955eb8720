#pragma once
// Exports chunks into a container over Blob Storage's REST interface: Put Blob, signed with the
// account's key (SharedKey). Own code from the protocol's description; shares nothing with the
// product's store.

#include "base/clock.hpp"
#include "net/http_client.hpp"
#include "simulator/recording_files.hpp"

#include <memory>
#include <string>

namespace earshot::simulator {

struct BlobAccount {
  std::string account;
  std::string key_base64;
  // The endpoint that container URLs begin with; used to make the container when create_container.
  bool create_container = false;
  // Instead of the container that the start request names; empty: as named.
  std::string container_url;
  int attempts_max = 4;
};

// "DefaultEndpointsProtocol=…;AccountName=…;AccountKey=…": `invalid` names what is missing.
Result<BlobAccount> parse_storage_connection_string(const std::string& text);

// The value of the Authorization header. `headers` are the x-ms-* ones to be sent, `path` as sent.
struct BlobRequestToSign {
  std::string method;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;  // decoded
  std::vector<std::pair<std::string, std::string>> ms_headers;
  std::string content_length;
  std::string content_type;
};
std::string shared_key_authorization(const BlobAccount& account, const BlobRequestToSign& request);

std::unique_ptr<ChunkStore> make_blob_chunk_store(net::HttpClient& http, Clock& clock,
                                                  BlobAccount account);

}  // namespace earshot::simulator
