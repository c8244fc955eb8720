#include "api/rest_api.hpp"

#include "api/audio_response.hpp"
#include "api/problem.hpp"
#include "api/query.hpp"
#include "base/base64.hpp"
#include "recording/manifest.hpp"

#include <fmt/format.h>
#include <optional>

namespace earshot::api {
namespace {

ContextId call_of(const net::HttpRequest& request) {
  return {std::string(request.path_parameter("id"))};
}
RecordingId recording_of(const net::HttpRequest& request) {
  return {std::string(request.path_parameter("id"))};
}

net::HttpResponse accepted() { return net::json_response(202, R"({"accepted":true})"); }

// ?source=acs|repaired|tap &channels=caller|assistant|mixed|0|1
Result<recording::AudioRequest> audio_request_of(const net::HttpRequest& request) {
  const auto source = recording::parse_audio_source(request.query("source").value_or(""));
  if (!source) return fail(ErrorKind::invalid, "source takes acs, repaired or tap");
  const auto channels = recording::parse_channel_choice(request.query("channels").value_or(""));
  if (!channels)
    return fail(ErrorKind::invalid,
                "channels takes all, caller, assistant, mixed, or a channel's number");
  return recording::AudioRequest{.source = *source, .channels = *channels};
}

}  // namespace

RestApi::RestApi(RestApiServices services, Secret api_key, std::string version)
    : services_(std::move(services)),
      access_(std::move(api_key), services_.counters),
      version_(std::move(version)) {}

net::HttpHandler RestApi::open(Member member) {
  return [this, member](net::HttpRequest request) { return (this->*member)(std::move(request)); };
}

net::HttpHandler RestApi::guarded(Member member) { return access_.guard(open(member)); }

void RestApi::add_routes(net::Router& router,
                         const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add("GET", "/health", wrap(open(&RestApi::health)));
  router.add("GET", "/healthz", wrap(open(&RestApi::health)));
  router.add("GET", "/readyz", wrap(open(&RestApi::ready)));
  router.add("GET", "/metrics", wrap(guarded(&RestApi::metrics)));
  router.add("GET", "/api/v1/calls", wrap(guarded(&RestApi::list_calls)));
  router.add("GET", "/api/v1/calls/{id}", wrap(guarded(&RestApi::show_call)));
  router.add("GET", "/api/v1/calls/{id}/turns", wrap(guarded(&RestApi::show_turns)));
  router.add("GET", "/api/v1/calls/{id}/journal", wrap(guarded(&RestApi::show_journal)));
  router.add("GET", "/api/v1/calls/{id}/verdict", wrap(guarded(&RestApi::show_verdict)));
  router.add("GET", "/api/v1/calls/{id}/timeline", wrap(guarded(&RestApi::show_timeline)));
  router.add("POST", "/api/v1/calls/{id}/verify", wrap(guarded(&RestApi::verify)));
  router.add("GET", "/api/v1/calls/{id}/audio", wrap(guarded(&RestApi::call_audio)));
  router.add("POST", "/api/v1/calls/{id}/hang-up", wrap(guarded(&RestApi::hang_up)));
  router.add("GET", "/api/v1/recordings", wrap(guarded(&RestApi::list_recordings)));
  router.add("GET", "/api/v1/recordings/{id}", wrap(guarded(&RestApi::show_recording)));
  router.add("GET", "/api/v1/recordings/{id}/audio",
             wrap(access_.guard(open(&RestApi::recording_audio), services_.links)));
  router.add("GET", "/api/v1/recordings/{id}/manifest",
             wrap(guarded(&RestApi::recording_manifest)));
  router.add("GET", "/api/v1/keys", wrap(guarded(&RestApi::keys)));
  router.add("POST", "/api/v1/recordings/{id}/stop", wrap(guarded(&RestApi::stop_recording)));
  router.add("POST", "/api/v1/recordings/{id}/pause", wrap(guarded(&RestApi::pause_recording)));
  router.add("POST", "/api/v1/recordings/{id}/resume", wrap(guarded(&RestApi::resume_recording)));
  router.add("GET", "/api/v1/diagnostics", wrap(guarded(&RestApi::diagnostics)));
}

// GET /health, /healthz — the process lives; says nothing of the rest.
Task<net::HttpResponse> RestApi::health(net::HttpRequest) {
  co_return net::json_response(200, fmt::format(R"({{"status":"ok","version":"{}"}})", version_));
}

// GET /readyz — 200 when calls can be taken: the database answers and the service is not draining;
// else 503.
Task<net::HttpResponse> RestApi::ready(net::HttpRequest) {
  if (const std::string why = services_.not_ready(); !why.empty())
    co_return problem(503, "not_ready", why);
  auto database = co_await services_.store.ping();
  if (!database) co_return problem(503, "not_ready", database.error().message);
  co_return net::json_response(200, R"({"status":"ready"})");
}

// GET /metrics — Prometheus text; bring the API key as bearer token.
Task<net::HttpResponse> RestApi::metrics(net::HttpRequest) {
  auto response = net::text_response(200, services_.counters.render());
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  co_return response;
}

// GET /api/v1/calls?state=&from=&to=&before=&limit= — newest first.
Task<net::HttpResponse> RestApi::list_calls(net::HttpRequest request) {
  auto query = parse_call_query(request);
  if (!query) co_return problem(query.error());
  const int limit = query->limit;
  auto page = co_await services_.lists.calls_page(std::move(*query));
  if (!page) co_return problem(page.error());
  const bool is_full = static_cast<int>(page->size()) == limit;
  const std::string next = is_full ? page->back().call.id.text : std::string();
  co_return net::json_response(200, call_list_json(*page, next));
}

Task<Result<ListedCall>> RestApi::view_of(Call call) {
  ListedCall view;
  auto personal = co_await services_.store.load_personal(call.id);
  if (personal) view.personal = std::move(*personal);
  if (!personal && personal.error().kind != ErrorKind::not_found)
    co_return Failure(personal.error());
  auto recordings = co_await services_.store.recordings_of(call.id);
  if (!recordings) co_return Failure(recordings.error());
  view.recordings = std::move(*recordings);
  auto verdict = co_await services_.store.verdict_of(call.id, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  view.verdict = std::move(*verdict);
  view.call = std::move(call);
  co_return view;
}

// GET /api/v1/calls/{id} — one call, with ACS's diagnostic ids; 404.
Task<net::HttpResponse> RestApi::show_call(net::HttpRequest request) {
  auto call = co_await services_.store.load_call(call_of(request));
  if (!call) co_return problem(call.error());
  auto view = co_await view_of(std::move(*call));
  if (!view) co_return problem(view.error());
  auto exchanged = co_await services_.store.diagnostics_of(view->call.id);
  if (!exchanged) co_return problem(exchanged.error());
  co_return net::json_response(200, call_json(*view, *exchanged));
}

// GET /api/v1/calls/{id}/turns — what was said, on the call's clock; 404.
Task<net::HttpResponse> RestApi::show_turns(net::HttpRequest request) {
  const ContextId id = call_of(request);
  auto call = co_await services_.store.load_call(id);
  if (!call) co_return problem(call.error());
  auto turns = co_await services_.store.turns_of(id);
  if (!turns) co_return problem(turns.error());
  co_return net::json_response(200, turns_json(*turns));
}

// GET /api/v1/calls/{id}/journal — everything that happened, in order of arrival; 404.
Task<net::HttpResponse> RestApi::show_journal(net::HttpRequest request) {
  const ContextId id = call_of(request);
  auto call = co_await services_.store.load_call(id);
  if (!call) co_return problem(call.error());
  auto entries = co_await services_.store.journal_of(id);
  if (!entries) co_return problem(entries.error());
  co_return net::json_response(200, journal_json(*entries));
}

Task<Result<VerdictView>> RestApi::find_verdict(net::HttpRequest request) {
  const ContextId id = call_of(request);
  auto number = parse_verdict_number(request);
  if (!number) co_return Failure(number.error());
  auto call = co_await services_.store.load_call(id);
  if (!call) co_return Failure(call.error());
  auto all = co_await services_.store.verdicts_of(id);
  if (!all) co_return Failure(all.error());
  VerdictView view{.call = std::move(*call)};
  for (auto& verdict : *all) {
    view.given.push_back({verdict.number, verdict.at, verdict.kind});
    if (!*number || **number == verdict.number) view.verdict = std::move(verdict);
  }
  if (*number && !view.verdict)
    co_return fail(ErrorKind::not_found, "the call has no verdict of that number");
  if (!view.verdict && !is_judged(view.call))
    co_return fail(ErrorKind::not_found, "the call was not answered, so there is nothing to judge");
  co_return view;
}

// GET /api/v1/calls/{id}/verdict?number= — the newest, or that one, with its evidence; 404.
Task<net::HttpResponse> RestApi::show_verdict(net::HttpRequest request) {
  auto view = co_await find_verdict(std::move(request));
  if (!view) co_return problem(view.error());
  co_return net::json_response(200, verdict_json(*view));
}

// GET /api/v1/calls/{id}/timeline?number= — the call's time cut into spans; empty while the verdict
// is pending; 404.
Task<net::HttpResponse> RestApi::show_timeline(net::HttpRequest request) {
  auto view = co_await find_verdict(std::move(request));
  if (!view) co_return problem(view.error());
  co_return net::json_response(200, timeline_json(*view));
}

// POST /api/v1/calls/{id}/verify — looks for chunks again and gives the verdict anew; 202; 409
// while the call lasts, or while its audio is archived.
Task<net::HttpResponse> RestApi::verify(net::HttpRequest request) {
  // Its chunks cannot be heard again: another verdict would be about that.
  auto readable = co_await services_.recordings.readable(call_of(request));
  if (!readable) co_return problem(readable.error());
  auto asked = co_await services_.verifier.ask(call_of(request));
  co_return asked ? accepted() : problem(asked.error());
}

// POST /api/v1/calls/{id}/hang-up — 202; 409 when the call is over.
Task<net::HttpResponse> RestApi::hang_up(net::HttpRequest request) {
  auto done = co_await services_.operations.hang_up(call_of(request));
  co_return done ? accepted() : problem(done.error());
}

Task<net::HttpResponse> RestApi::steer_recording(RecordingId recording, Verb verb) {
  auto call = co_await services_.store.find_call_by_recording(recording);
  if (!call) co_return problem(call.error());
  if (!*call) co_return problem(404, "not_found", "no recording of that id");
  if ((*call)->recording_id != recording)
    co_return problem(409, "conflict", "a newer recording of the call has taken its place");
  auto done = co_await (services_.operations.*verb)((*call)->id);
  co_return done ? accepted() : problem(done.error());
}

// POST /api/v1/recordings/{id}/stop — 202; 409 when it is not running.
Task<net::HttpResponse> RestApi::stop_recording(net::HttpRequest request) {
  return steer_recording(recording_of(request), &calls::CallOperations::stop_recording);
}

// POST /api/v1/recordings/{id}/pause — 202; 409 when it is not running.
Task<net::HttpResponse> RestApi::pause_recording(net::HttpRequest request) {
  return steer_recording(recording_of(request), &calls::CallOperations::pause_recording);
}

// POST /api/v1/recordings/{id}/resume — 202; 409 when it is not paused.
Task<net::HttpResponse> RestApi::resume_recording(net::HttpRequest request) {
  return steer_recording(recording_of(request), &calls::CallOperations::resume_recording);
}

// GET /api/v1/recordings?discovery=&from=&to=&before=&limit= — newest first.
Task<net::HttpResponse> RestApi::list_recordings(net::HttpRequest request) {
  auto query = parse_recording_query(request);
  if (!query) co_return problem(query.error());
  const int limit = query->limit;
  auto page = co_await services_.lists.recordings_page(std::move(*query));
  if (!page) co_return problem(page.error());
  const bool is_full = static_cast<int>(page->size()) == limit;
  const std::string next = is_full ? page->back().recording.id.text : std::string();
  co_return net::json_response(200, recording_list_json(*page, next));
}

Task<Result<ListedRecording>> RestApi::view_of(Recording recording) {
  ListedRecording view;
  auto chunks = co_await services_.store.chunks_of(recording.id);
  if (!chunks) co_return Failure(chunks.error());
  auto pauses = co_await services_.store.pauses_of(recording.id);
  if (!pauses) co_return Failure(pauses.error());
  view.chunks = std::move(*chunks);
  view.pauses = std::move(*pauses);
  auto verdict = co_await services_.store.verdict_of(recording.call, std::nullopt);
  if (!verdict) co_return Failure(verdict.error());
  view.verdict = std::move(*verdict);
  view.recording = std::move(recording);
  co_return view;
}

// GET /api/v1/recordings/{id} — one recording and its chunks; 404.
Task<net::HttpResponse> RestApi::show_recording(net::HttpRequest request) {
  auto recording = co_await services_.store.load_recording(recording_of(request));
  if (!recording) co_return problem(recording.error());
  auto view = co_await view_of(std::move(*recording));
  if (!view) co_return problem(view.error());
  co_return net::json_response(200, recording_json(*view));
}

// GET /api/v1/recordings/{id}/audio?source=&channels= — one file whatever the number of chunks;
// ranges and HEAD; 404 while there is none, 409 when it cannot be had so.
Task<net::HttpResponse> RestApi::recording_audio(net::HttpRequest request) {
  const RecordingId id = recording_of(request);
  const auto wanted = audio_request_of(request);
  if (!wanted) co_return problem(wanted.error());
  auto audio = co_await services_.recordings.open_audio(id, *wanted);
  if (!audio) co_return problem(audio.error());
  services_.log.info(
      "recording audio opened",
      {{"recording", id.text}, {"source", to_text(wanted->source)}, {"peer", request.peer}});
  co_return audio_response(request, std::move(audio->reader), audio->file_name, audio->etag);
}

// GET /api/v1/calls/{id}/audio?source=&channels= — all recordings of a call as one file; as above.
Task<net::HttpResponse> RestApi::call_audio(net::HttpRequest request) {
  const ContextId id = call_of(request);
  const auto wanted = audio_request_of(request);
  if (!wanted) co_return problem(wanted.error());
  auto audio = co_await services_.recordings.open_call_audio(id, *wanted);
  if (!audio) co_return problem(audio.error());
  services_.log.info(
      "call audio opened",
      {{"call", id.text}, {"source", to_text(wanted->source)}, {"peer", request.peer}});
  co_return audio_response(request, std::move(audio->reader), audio->file_name, audio->etag);
}

// GET /api/v1/recordings/{id}/manifest?number= — the signed description of its call's audio, byte
// for byte as it is stored: the newest, or that of a verdict; 404 before there is one.
Task<net::HttpResponse> RestApi::recording_manifest(net::HttpRequest request) {
  const auto number = parse_verdict_number(request);
  if (!number) co_return problem(number.error());
  auto manifest = co_await services_.recordings.manifest(recording_of(request), *number);
  if (!manifest) co_return problem(manifest.error());
  co_return net::json_response(200, std::move(*manifest));
}

// GET /api/v1/keys — the public keys that manifests are signed for, base64: the present one first,
// then those from before it was changed.
Task<net::HttpResponse> RestApi::keys(net::HttpRequest) {
  std::string rows;
  for (const auto& key : services_.manifest_public_keys)
    rows +=
        fmt::format(R"({}{{"keyId":"{}","algorithm":"Ed25519","publicKey":"{}"}})",
                    rows.empty() ? "" : ",", recording::manifest_key_id(key), base64::encode(key));
  co_return net::json_response(200, fmt::format(R"({{"keys":[{}]}})", rows));
}

// GET /api/v1/diagnostics — the four maps of the open calls: active_recordings, recording_states,
// context_correlations, context_server_call_ids.
Task<net::HttpResponse> RestApi::diagnostics(net::HttpRequest) {
  auto calls = co_await services_.store.open_calls();
  if (!calls) co_return problem(calls.error());
  std::vector<Recording> recordings;
  for (const Call& call : *calls) {
    auto of_call = co_await services_.store.recordings_of(call.id);
    if (!of_call) co_return problem(of_call.error());
    for (Recording& recording : *of_call) recordings.push_back(std::move(recording));
  }
  co_return net::json_response(200, diagnostics_json(*calls, recordings));
}

}  // namespace earshot::api
