#pragma once
// What ACS keeps of recordings, and the events that tell of it:
//   GET  /api/v1/recordings/{id}/files   where the recording's files at ACS are, how long they are
//                                        kept, and whether they were fetched
//   POST /api/v1/events/replay           dead letters of Event Grid, as the body, or with ?blob= by
//                                        name from the configured container
// Behind the API key. Runs on the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "calls/dead_letters.hpp"
#include "net/router.hpp"
#include "ports/call_store.hpp"
#include "ports/event_replay.hpp"
#include "ports/file_locations.hpp"

#include <functional>
#include <string>
#include <vector>

namespace earshot::api {

// Given at construction, outlive the routes.
struct FileRoutesServices {
  CallStore& store;
  FileLocations& files;
  EventReplay& replay;
  calls::DeadLetters* dead_letters;  // none: no container is configured
  Clock& clock;
  Counters& counters;
  Log& log;
};

class FileRoutes {
 public:
  FileRoutes(FileRoutesServices services, Secret api_key);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> show_files(net::HttpRequest request);
  Task<net::HttpResponse> replay_events(net::HttpRequest request);

  FileRoutesServices services_;
  Access access_;
};

std::string files_json(const std::vector<RecordingFile>& files, WallTime now);
std::string replay_json(const ReplayOutcome& outcome);

}  // namespace earshot::api
