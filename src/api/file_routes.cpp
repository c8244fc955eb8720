#include "api/file_routes.hpp"

#include "api/problem.hpp"

#include <utility>

namespace earshot::api {
namespace {

// A dead-letter blob of Event Grid's holds a batch of events.
constexpr std::size_t letters_bytes_max = 16 << 20;

}  // namespace

FileRoutes::FileRoutes(FileRoutesServices services, Secret api_key)
    : services_(services), access_(std::move(api_key), services.counters) {}

void FileRoutes::add_routes(net::Router& router,
                            const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add("GET", "/api/v1/recordings/{id}/files",
             wrap(access_.guard(
                 [this](net::HttpRequest request) { return show_files(std::move(request)); })));
  router.add("POST", "/api/v1/events/replay", wrap(access_.guard([this](net::HttpRequest request) {
               return replay_events(std::move(request));
             })),
             {.body_bytes_max = letters_bytes_max});
}

// 404 when there is no such recording; none of one that no event has told of.
Task<net::HttpResponse> FileRoutes::show_files(net::HttpRequest request) {
  const RecordingId id{std::string(request.path_parameter("id"))};
  auto recording = co_await services_.store.load_recording(id);
  if (!recording) co_return problem(recording.error());
  auto files = co_await services_.files.files_of(id);
  if (!files) co_return problem(files.error());
  co_return net::json_response(200, files_json(*files, services_.clock.wall_now()));
}

// 200 once the events are durable, duplicates ignored; 400 for what holds none; 404 for a blob that
// is not there; 409 for a blob when no container is configured.
Task<net::HttpResponse> FileRoutes::replay_events(net::HttpRequest request) {
  const auto blob = request.query("blob");
  if (blob && services_.dead_letters == nullptr)
    co_return problem(409, "conflict", "no EVENT_GRID_DEAD_LETTER_CONTAINER is configured");
  Result<ReplayOutcome> outcome = Failure(Error{});
  if (blob)
    outcome = co_await services_.dead_letters->replay_blob(*blob);
  else
    outcome = co_await services_.replay.replay(std::move(request.body));
  if (!outcome) co_return problem(outcome.error());
  services_.log.info(
      "events replayed",
      {{"peer", request.peer}, {"stored", outcome->stored}, {"duplicate", outcome->duplicate}});
  co_return net::json_response(200, replay_json(*outcome));
}

}  // namespace earshot::api
