#include "api/merge_routes.hpp"

#include "api/audio_response.hpp"
#include "api/problem.hpp"
#include "net/url.hpp"

#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace earshot::api {
namespace {

constexpr std::size_t request_bytes_max = 4 << 10;

RecordingId recording_of(const net::HttpRequest& request) {
  return {std::string(request.path_parameter("id"))};
}

// 0 for what is no number, which no merge has.
int number_of(const net::HttpRequest& request) {
  const auto text = request.path_parameter("number");
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? number : 0;
}

}  // namespace

MergeRoutes::MergeRoutes(recording::Merges& merges, Secret api_key, Counters& counters, Log& log,
                         const SignedLinks* links)
    : merges_(merges), access_(std::move(api_key), counters), log_(log), links_(links) {}

void MergeRoutes::add_routes(net::Router& router,
                             const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  using Member = Task<net::HttpResponse> (MergeRoutes::*)(net::HttpRequest);
  const auto guarded = [&](Member member, const SignedLinks* links = nullptr) {
    return wrap(access_.guard(
        [this, member](net::HttpRequest request) { return (this->*member)(std::move(request)); },
        links));
  };
  const std::string merges = "/api/v1/recordings/{id}/merges";
  router.add("POST", "/api/v1/recordings/{id}/merge", guarded(&MergeRoutes::request_merge),
             {.body_bytes_max = request_bytes_max});
  router.add("GET", merges, guarded(&MergeRoutes::list_merges));
  router.add("GET", merges + "/{number}", guarded(&MergeRoutes::show_merge));
  router.add("GET", merges + "/{number}/audio", guarded(&MergeRoutes::merge_audio, links_));
}

// 202 with the merge that was queued, or 200 with the one that was asked for before; Location names
// it. 400 for a body that asks for no audio, 404 and 409 as for the audio itself, 429 when too many
// wait.
Task<net::HttpResponse> MergeRoutes::request_merge(net::HttpRequest request) {
  const auto wanted = parse_merge_request(request.body);
  if (!wanted) co_return problem(wanted.error());
  const RecordingId id = recording_of(request);
  auto requested = co_await merges_.request(id, *wanted);
  if (!requested) {
    auto refused = problem(requested.error());
    if (requested.error().status == 429) {
      const auto retry_after = std::string(refused.headers.get("Retry-After"));
      refused = problem(429, "too_many_merges", requested.error().message);
      refused.headers.set("Retry-After", retry_after);
    }
    co_return refused;
  }
  auto response = net::json_response(requested->is_new ? 202 : 200, merge_json(requested->merge));
  response.headers.set("Location",
                       fmt::format("/api/v1/recordings/{}/merges/{}", net::percent_encode(id.text),
                                   requested->merge.number));
  co_return response;
}

Task<net::HttpResponse> MergeRoutes::list_merges(net::HttpRequest request) {
  auto merges = co_await merges_.list(recording_of(request));
  if (!merges) co_return problem(merges.error());
  co_return net::json_response(200, merges_json(*merges));
}

Task<net::HttpResponse> MergeRoutes::show_merge(net::HttpRequest request) {
  auto merge = co_await merges_.find(recording_of(request), number_of(request));
  if (!merge) co_return problem(merge.error());
  co_return net::json_response(200, merge_json(*merge));
}

std::string_view unquoted(std::string_view etag) {
  if (etag.starts_with('"')) etag.remove_prefix(1);
  if (etag.ends_with('"')) etag.remove_suffix(1);
  return etag;
}

// 409 until it is done, and when it failed.
Task<net::HttpResponse> MergeRoutes::merge_audio(net::HttpRequest request) {
  const RecordingId id = recording_of(request);
  const int number = number_of(request);
  auto audio = co_await merges_.open(id, number);
  if (!audio) co_return problem(audio.error());
  if (const auto of = request.query("of"); of && *of != unquoted(audio->etag))
    co_return problem(404, "not_found", "that file was removed, and another has its number");
  log_.info("a merged file was opened",
            {{"recording", id.text}, {"merge", number}, {"peer", request.peer}});
  co_return audio_response(request, std::move(audio->reader), audio->file_name, audio->etag);
}

}  // namespace earshot::api
