#pragma once
// A stand-in for Azure Blob Storage, as far as recordings need it: one account with its containers
// in memory, over REST: Put Blob, Put Block, Put Block List, Get Blob with ranges, Get Blob
// Properties, Delete Blob, List Blobs with prefix, delimiter, marker and maxresults. Names are kept
// in order, so a page costs what it shows, whatever else the container holds. Own code from the
// protocol's description; shares nothing with the product's store. An Authorization header must be
// there; what it says is not looked at.
//
// Everything happens on the executor of the server that its routes are added to.

#include "base/clock.hpp"
#include "net/router.hpp"
#include "simulator/recording_files.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace earshot::simulator {

class BlobService {
 public:
  // The clock outlives this.
  explicit BlobService(Clock& clock) : clock_(clock) {}

  // Under /devstoreaccount1/; before the server starts. This outlives the router.
  void add_routes(net::Router& router);
  // For AZURE_STORAGE_CONNECTION_STRING; `base_url` is the server's.
  static std::string connection_string(const std::string& base_url);
  static std::string container_url(const std::string& base_url, const std::string& container);

  // Every request is answered 503 while it is away. What put() brings is stored all the same.
  void set_away(bool away) { away_ = away; }

  void make_container(const std::string& container) { containers_.try_emplace(container); }
  // Without a request: how others write into a container. Replaces what is there.
  void put(const std::string& container, const std::string& name, std::string bytes);
  std::vector<std::string> names(const std::string& container) const;

  // Of all requests since it began.
  struct Use {
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;  // while it was away
    std::uint64_t listings = 0;
    std::uint64_t names_listed = 0;
    std::uint64_t bytes_in = 0;  // bodies
    std::uint64_t bytes_out = 0;
  };
  const Use& use() const { return use_; }

 private:
  struct Blob {
    std::string bytes;
    std::uint64_t version = 0;
    WallTime modified_at{};
    std::string content_type;  // "" = application/octet-stream
    // Of which it was committed: ids and lengths, in order.
    std::vector<std::pair<std::string, std::size_t>> blocks;
  };
  // Blobs by name, and blocks that are not committed yet by name and id.
  struct Container {
    std::map<std::string, Blob> blobs;
    std::map<std::string, std::map<std::string, std::string>> staged;
  };

  Task<net::HttpResponse> serve(net::HttpRequest request);
  net::HttpResponse answer(const net::HttpRequest& request);
  net::HttpResponse list(const net::HttpRequest& request, const Container& container);
  net::HttpResponse read(const net::HttpRequest& request, const Blob& blob) const;
  net::HttpResponse write(const net::HttpRequest& request, Container& container,
                          const std::string& name);
  net::HttpResponse commit(const net::HttpRequest& request, Container& container,
                           const std::string& name);
  net::HttpResponse stored(const Blob& blob) const;
  Blob& place(Container& container, const std::string& name, std::string bytes);

  Clock& clock_;
  bool away_ = false;
  std::map<std::string, Container> containers_;
  std::uint64_t writes_ = 0;
  Use use_;
};

// Chunks that ACS writes into the service's containers, whether it is away for others or not.
// `service` outlives it.
std::unique_ptr<ChunkStore> make_service_chunk_store(BlobService& service, std::string container);

}  // namespace earshot::simulator
