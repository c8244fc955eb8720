#include "api/link_routes.hpp"

#include "api/merge_routes.hpp"
#include "api/problem.hpp"
#include "domain/journal_text.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::api {
namespace {

constexpr std::size_t request_bytes_max = 4 << 10;

std::string audio_target(const RecordingId& id, const recording::AudioRequest& audio) {
  auto target = fmt::format("/api/v1/recordings/{}/audio?source={}", net::percent_encode(id.text),
                            to_text(audio.source));
  const auto channels = to_text(audio.channels);
  return channels.empty() ? target : target + "&channels=" + channels;
}

// The number alone would do for another file, once this one was removed and another one made.
std::string merge_target(const RecordingId& id, int number, std::string_view etag) {
  return fmt::format("/api/v1/recordings/{}/merges/{}/audio?of={}", net::percent_encode(id.text),
                     number, net::percent_encode(unquoted(etag)));
}

// What the journal calls it: "audio repaired caller", "chunk 3".
std::string words_of(const LinkRequest& wanted) {
  switch (wanted.to) {
    case LinkTo::audio: {
      const auto channels = to_text(wanted.audio.channels);
      return fmt::format("audio {} {}", to_text(wanted.audio.source),
                         channels.empty() ? "all" : channels);
    }
    case LinkTo::merge:
      return fmt::format("merge {}", wanted.merge);
    case LinkTo::chunk:
    case LinkTo::metadata:
      return fmt::format("{} {}", to_text(wanted.to), wanted.chunk.value);
  }
  return {};
}

}  // namespace

std::string_view to_text(LinkTo to) {
  switch (to) {
    case LinkTo::audio:
      return "audio";
    case LinkTo::merge:
      return "merge";
    case LinkTo::chunk:
      return "chunk";
    case LinkTo::metadata:
      return "metadata";
  }
  return {};
}

LinkRoutes::LinkRoutes(LinkRoutesServices services, Secret api_key, std::chrono::seconds link_max)
    : services_(services), access_(std::move(api_key), services.counters), link_max_(link_max) {}

void LinkRoutes::add_routes(net::Router& router,
                            const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add("POST", "/api/v1/recordings/{id}/links",
             wrap(access_.guard(
                 [this](net::HttpRequest request) { return make_link(std::move(request)); })),
             {.body_bytes_max = request_bytes_max});
}

// 200 with the link and its end; 400 for a body that asks for nothing there can be, or for too
// long; 404 and 409 as for the audio itself; 409 too where storage can make no links.
Task<net::HttpResponse> LinkRoutes::make_link(net::HttpRequest request) {
  const RecordingId id{std::string(request.path_parameter("id"))};
  const auto wanted = parse_link_request(request.body);
  if (!wanted) co_return problem(wanted.error());
  const auto life = wanted->life.value_or(std::min(link_life_default, link_max_));
  if (life > link_max_)
    co_return problem(
        400, "invalid",
        fmt::format("expiresInSeconds takes 1 to {} (LINK_MAX_SECONDS)", link_max_.count()));
  auto recording = co_await services_.store.load_recording(id);
  if (!recording) co_return problem(recording.error());
  auto link = co_await link_to(id, *wanted, services_.clock.wall_now() + life);
  if (!link) co_return problem(link.error());
  // A link that nobody could account for is not given.
  auto written = co_await write_down(std::move(*recording), *wanted, link->expires_at);
  if (!written) co_return problem(written.error());
  services_.counters
      .counter("earshot_links_made_total", "links made for people without the API key",
               {{"what", std::string(to_text(wanted->to))}})
      .add();
  services_.log.info("link made", {{"recording", id.text},
                                   {"what", words_of(*wanted)},
                                   {"until", to_iso8601(link->expires_at)},
                                   {"peer", request.peer}});
  auto response = net::json_response(200, link_json(id, wanted->to, *link));
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

// Only to what can be had now: whoever follows the link could not make good what is missing.
Task<Result<BlobLink>> LinkRoutes::link_to(RecordingId id, LinkRequest wanted, WallTime until) {
  if (wanted.to == LinkTo::chunk || wanted.to == LinkTo::metadata)
    co_return co_await link_to_blob(std::move(id), wanted, until);
  const bool merged = wanted.to == LinkTo::merge;
  auto opened = merged ? co_await services_.merges.open(id, wanted.merge)
                       : co_await services_.recordings.open_audio(id, wanted.audio);
  if (!opened) co_return Failure(opened.error());
  const WallTime end = std::chrono::floor<std::chrono::seconds>(until);
  auto target =
      merged ? merge_target(id, wanted.merge, opened->etag) : audio_target(id, wanted.audio);
  co_return BlobLink{.url = services_.links.make(std::move(target), end), .expires_at = end};
}

Task<Result<BlobLink>> LinkRoutes::link_to_blob(RecordingId id, LinkRequest wanted,
                                                WallTime until) {
  auto chunks = co_await services_.store.chunks_of(id);
  if (!chunks) co_return Failure(chunks.error());
  const auto chunk = std::ranges::find(*chunks, wanted.chunk, &Chunk::index);
  const auto none = [&] {
    return fail(ErrorKind::not_found, fmt::format("the recording has no {}", words_of(wanted)));
  };
  if (chunk == chunks->end()) co_return none();
  const BlobName& blob = wanted.to == LinkTo::metadata ? chunk->metadata : chunk->audio;
  if (blob.empty()) co_return none();
  BlobLinkRequest request{
      .name = blob, .expires_at = until, .file_name = blob.text.substr(blob.text.rfind('/') + 1)};
  co_return co_await services_.blobs.make_link(std::move(request));
}

Task<Result<void>> LinkRoutes::write_down(Recording recording, LinkRequest wanted, WallTime until) {
  Changes changes;
  changes.journal.push_back({.call = recording.call,
                             .at = services_.clock.wall_now(),
                             .type = "link made",
                             .detail = journal_detail({{"recording", recording.id.text},
                                                       {"what", words_of(wanted)},
                                                       {"until", to_iso8601(until)}})});
  co_return co_await services_.store.commit(std::move(changes));
}

}  // namespace earshot::api
