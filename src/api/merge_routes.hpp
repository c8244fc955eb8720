#pragma once
// Audio of a recording written out as one file of its own:
//   POST /api/v1/recordings/{id}/merge {"source":"acs|repaired|tap","channels":"all|…"},
//                                                  each as the audio's query has it
//   GET  /api/v1/recordings/{id}/merges            all that were asked for
//   GET  /api/v1/recordings/{id}/merges/{n}        how far one is, and what came of it
//   GET  /api/v1/recordings/{id}/merges/{n}/audio  its file; ranges and HEAD. ?of=: its ETag
//                                                  without quotes; 404 for another file
// Behind the API key, the file also open to links signed for it. Runs on the control thread (app
// wraps the handlers).

#include "api/access.hpp"
#include "api/signed_links.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "recording/merges.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::api {

class MergeRoutes {
 public:
  // All outlive the routes.
  // `links` open a merge's file without the key; null: none do.
  MergeRoutes(recording::Merges& merges, Secret api_key, Counters& counters, Log& log,
              const SignedLinks* links = nullptr);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> request_merge(net::HttpRequest request);
  Task<net::HttpResponse> list_merges(net::HttpRequest request);
  Task<net::HttpResponse> show_merge(net::HttpRequest request);
  Task<net::HttpResponse> merge_audio(net::HttpRequest request);

  recording::Merges& merges_;
  Access access_;
  Log& log_;
  const SignedLinks* links_;
};

// An ETag for a link's query.
std::string_view unquoted(std::string_view etag);
// An empty body asks for all of what ACS recorded. `invalid` says which member is wrong.
Result<recording::AudioRequest> parse_merge_request(std::string_view body);
std::string merge_json(const Merge& merge);
std::string merges_json(const std::vector<Merge>& merges);

}  // namespace earshot::api
