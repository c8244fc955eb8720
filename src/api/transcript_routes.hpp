#pragma once
// What was said on a call, in step with one of its audio sources:
//   GET /api/v1/calls/{id}/transcript?source=call|acs|repaired|tap&format=json|vtt|srt
//   GET /api/v1/transcripts/search?q=&from=&to=&limit=&cursor=
// Without `format` the Accept header chooses, else it is JSON. Behind the API key. Runs on the
// control thread (app wraps the handlers). What was said, and what was
// searched for, never reaches the log.

#include "api/access.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "ports/transcript_search.hpp"
#include "recording/transcript_reader.hpp"
#include "recording/transcript_text.hpp"

#include <functional>

namespace earshot::api {

// Given at construction, outlive the routes.
struct TranscriptRoutesServices {
  CallStore& store;
  TranscriptSearch& search;
  Counters& counters;
  Log& log;
};

class TranscriptRoutes {
 public:
  TranscriptRoutes(TranscriptRoutesServices services, Secret api_key);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> show_transcript(net::HttpRequest request);
  Task<net::HttpResponse> search(net::HttpRequest request);

  TranscriptRoutesServices services_;
  Access access_;
  recording::TranscriptReader reader_;
};

// By ?format=, else by the Accept header's first media type that we have; `invalid` for another
// ?format=.
Result<recording::TranscriptFormat> transcript_format_of(const net::HttpRequest& request);

// Each hit with a snippet around what was searched for.
std::string transcript_page_json(const TranscriptPage& page, const std::string& searched);

}  // namespace earshot::api
