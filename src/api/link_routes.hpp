#pragma once
// Links for people who have no API key, each to one thing of one recording, to read, for a time:
//   POST /api/v1/recordings/{id}/links
//     {"what":"audio","source":"acs|repaired|tap","channels":"all|…","expiresInSeconds":900}
//     {"what":"merge","number":1}               the file of a merge
//     {"what":"chunk","chunkIndex":0}           the file that ACS wrote, at the storage account
//     {"what":"metadata","chunkIndex":0}        and its metadata
// Behind the API key. Each link is written into the call's journal, without its address. Runs on
// the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "api/signed_links.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "ports/blob_links.hpp"
#include "ports/call_store.hpp"
#include "recording/merges.hpp"
#include "recording/recording_queries.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace earshot::api {

// Given at construction, outlive the routes.
struct LinkRoutesServices {
  CallStore& store;
  recording::RecordingQueries& recordings;
  recording::Merges& merges;
  BlobLinks& blobs;
  const SignedLinks& links;
  Clock& clock;
  Counters& counters;
  Log& log;
};

inline constexpr std::chrono::seconds link_life_default{15 * 60};

enum class LinkTo { audio, merge, chunk, metadata };
std::string_view to_text(LinkTo to);

struct LinkRequest {
  LinkTo to = LinkTo::audio;
  recording::AudioRequest audio;  // of `audio`
  int merge = 0;                  // of `merge`
  ChunkIndex chunk;               // of `chunk` and `metadata`
  std::optional<std::chrono::seconds> life;
};

class LinkRoutes {
 public:
  // Nothing lasts longer than `link_max`.
  LinkRoutes(LinkRoutesServices services, Secret api_key, std::chrono::seconds link_max);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> make_link(net::HttpRequest request);
  Task<Result<BlobLink>> link_to(RecordingId id, LinkRequest wanted, WallTime until);
  Task<Result<BlobLink>> link_to_blob(RecordingId id, LinkRequest wanted, WallTime until);
  Task<Result<void>> write_down(Recording recording, LinkRequest wanted, WallTime until);

  LinkRoutesServices services_;
  Access access_;
  std::chrono::seconds link_max_;
};

// An empty body asks for all of what ACS recorded. `invalid` says which member is wrong.
Result<LinkRequest> parse_link_request(std::string_view body);
std::string link_json(const RecordingId& recording, LinkTo to, const BlobLink& link);

}  // namespace earshot::api
