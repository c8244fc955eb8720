#include "simulator/call_automation.hpp"

#include "net/url.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace earshot::simulator {
namespace {

constexpr std::size_t repeated_max = 10'000;

constexpr std::array<std::string_view, 13> api_versions{
    "2023-03-06",         "2023-10-15",         "2024-04-15",         "2024-09-15",
    "2025-05-15",         "2026-03-12",         "2022-04-07-preview", "2023-01-15-preview",
    "2023-06-15-preview", "2023-10-03-preview", "2024-01-22-preview", "2024-06-15-preview",
    "2024-09-01-preview"};

Failure unsupported(const std::string& what) {
  return rest_failure(405, "8520", fmt::format("Operation is not supported: {}.", what));
}
// What ACS has and the simulator has not; reference acs-call-automation.md, 2.1.
constexpr std::string_view left_out_of_calls[] = {"transferToParticipant",
                                                  "play",
                                                  "recognize",
                                                  "cancelAllMediaOperations",
                                                  "hold",
                                                  "unhold",
                                                  "sendDtmfTones",
                                                  "startContinuousDtmfRecognition",
                                                  "stopContinuousDtmfRecognition",
                                                  "startTranscription",
                                                  "stopTranscription",
                                                  "updateTranscription"};
constexpr std::string_view left_out_of_participants[] = {"add", "remove", "mute",
                                                         "cancelAddParticipant", "moveHere"};
bool is_left_out(const std::vector<std::string>& segments, std::string_view verb) {
  if (segments.size() == 3) return std::ranges::count(left_out_of_calls, verb) > 0;
  return segments.size() == 4 && segments[3] == "participants" &&
         std::ranges::count(left_out_of_participants, verb) > 0;
}
Failure not_simulated(const std::string& verb) {
  return rest_failure(501, "501", fmt::format("ACS has {}; this simulator has not.", verb));
}

Failure call_not_found() { return rest_failure(404, "8522", "Call not found."); }
Failure recording_not_found() { return rest_failure(404, "8522", "Recording not found."); }

// Undecoded, so that %2F in an id is not taken for a separator.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto slash = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash);
  }
  return segments;
}

std::string decoded(const std::string& segment) {
  return net::percent_decode(segment).value_or(segment);
}

struct Verb {
  std::string_view verb;
  std::string_view name;
  bool repeatable;
};

}  // namespace

bool is_known_api_version(const std::string& version) {
  return std::ranges::any_of(api_versions, [&](std::string_view known) {
    return version == known ||
           (known.ends_with("-preview") && known.starts_with(version) && version.size() == 10);
  });
}

CallAutomation::CallAutomation(CallAutomationShop shop) : shop_(std::move(shop)) {}

Result<CallAutomation::Operation> CallAutomation::route(const net::HttpRequest& request) {
  const std::string_view target = request.target;
  auto segments = split_path(target.substr(0, target.find('?')));
  std::string verb;
  if (!segments.empty()) {
    // The colon before a verb is literal; one inside an id is encoded.
    if (const auto colon = segments.back().rfind(':'); colon != std::string::npos) {
      verb = segments.back().substr(colon + 1);
      segments.back().resize(colon);
    }
  }
  if (segments.size() < 2 || segments[0] != "calling")
    return rest_failure(404, "404", "Resource not found.");
  if (segments[1] == "callConnections") return route_call(request.method, segments, verb);
  if (segments[1] != "recordings" || segments.size() > 3)
    return rest_failure(404, "404", "Resource not found.");

  const std::string& method = request.method;
  if (segments.size() == 2 && verb.empty()) {
    if (method != "POST") return unsupported(method);
    return Operation{.name = "start_recording", .repeatable = true};
  }
  if (segments.size() == 2 || segments[2].empty())
    return rest_failure(405, "405", "The requested resource does not support this http method.");
  Operation operation{.id = decoded(segments[2])};
  if (verb.empty() && method == "GET")
    operation.name = "get_recording";
  else if (verb.empty() && method == "DELETE")
    operation.name = "stop_recording";
  else if (verb == "pause" && method == "POST")
    operation.name = "pause_recording";
  else if (verb == "resume" && method == "POST")
    operation.name = "resume_recording";
  else
    return unsupported(method + " :" + verb);
  return operation;
}

Result<CallAutomation::Operation> CallAutomation::route_call(
    const std::string& method, const std::vector<std::string>& segments, const std::string& verb) {
  static constexpr std::array<Verb, 4> on_collection{{{"", "create_call", true},
                                                      {"answer", "answer", true},
                                                      {"redirect", "redirect", true},
                                                      {"reject", "reject", true}}};
  static constexpr std::array<Verb, 3> on_call{
      {{"terminate", "terminate", true},
       {"startMediaStreaming", "start_media_streaming", false},
       {"stopMediaStreaming", "stop_media_streaming", false}}};
  if (segments.size() == 2) {
    for (const auto& known : on_collection)
      if (verb == known.verb && method == "POST")
        return Operation{.name = std::string(known.name), .repeatable = known.repeatable};
    if (method == "POST" && verb == "connect") return not_simulated(verb);
    return unsupported(method + " :" + verb);
  }
  Operation operation{.id = decoded(segments[2])};
  if (segments.size() == 3) {
    if (verb.empty() && method == "GET") operation.name = "get_call";
    if (verb.empty() && method == "DELETE") operation.name = "hang_up";
    for (const auto& known : on_call)
      if (verb == known.verb && method == "POST") {
        operation.name = std::string(known.name);
        operation.repeatable = known.repeatable;
      }
  } else if (segments[3] == "participants" && method == "GET" && verb.empty()) {
    operation.name = segments.size() == 4 ? "list_participants" : "get_participant";
    if (segments.size() == 5) operation.rest_id = decoded(segments[4]);
  } else if (segments[3] == "participants" && method == "GET" && segments.size() == 5) {
    // A raw id may hold a literal colon: "4:+1555…".
    operation.name = "get_participant";
    operation.rest_id = decoded(segments[4] + ":" + verb);
  }
  if (operation.name.empty() && method == "POST" && is_left_out(segments, verb))
    return not_simulated(verb);
  if (operation.name.empty()) return unsupported(method + " :" + verb);
  return operation;
}

Task<net::HttpResponse> CallAutomation::handle(net::HttpRequest request) {
  if (shop_.options.verify_signatures) {
    if (auto verified = shop_.verifier.verify(request); !verified) {
      shop_.services.log.warn("request was refused", {{"why", verified.error().message}});
      co_return make_response(request, error_answer(verified.error()));
    }
  }
  auto operation = route(request);
  if (!operation) co_return make_response(request, error_answer(operation.error()));
  if (!is_known_api_version(request.query("api-version").value_or(""))) {
    const Error error{.message = "The api-version is missing or not supported.",
                      .status = 400,
                      .code = "UnsupportedApiVersionValue"};
    co_return make_response(request, error_answer(error));
  }

  const Fault fault = shop_.faults.at("rest." + operation->name);
  if (fault.delay > Duration::zero()) co_await shop_.services.clock.sleep_for(fault.delay);
  if (fault.drop) {
    // As a connection that hangs: longer than any client waits.
    co_await shop_.services.clock.sleep_for(2min);
    co_return make_response(request, {.status = 503});
  }
  if (fault.status != 0) {
    const bool throttled = fault.status == 429;
    auto response = make_response(
        request,
        {.status = fault.status,
         .body = write_error(throttled ? "8516" : "9999",
                             throttled ? "Too many requests." : "Unknown internal server error.")});
    if (fault.retry_after_s)
      response.headers.set("Retry-After", std::to_string(*fault.retry_after_s));
    co_return response;
  }

  const std::string repeatability_id(request.headers.get("Repeatability-Request-ID"));
  const bool repeatable = operation->repeatable && !repeatability_id.empty();
  if (const auto known = repeated_.find(repeatability_id); repeatable && known != repeated_.end()) {
    auto response = make_response(request, known->second);
    response.headers.set("Repeatability-Result", "accepted");
    co_return response;
  }
  Answer answer = co_await perform(std::move(*operation), request.body);
  if (repeatable && answer.status < 300) remember(repeatability_id, answer);
  if (fault.answer_lost)
    answer = {.status = 503, .body = write_error("9999", "Unknown internal server error.")};
  auto response = make_response(request, std::move(answer));
  if (repeatable) response.headers.set("Repeatability-Result", "accepted");
  co_return response;
}

void CallAutomation::remember(const std::string& repeatability_id, const Answer& answer) {
  repeated_[repeatability_id] = answer;
  repeated_order_.push_back(repeatability_id);
  if (repeated_order_.size() <= repeated_max) return;
  repeated_.erase(repeated_order_.front());
  repeated_order_.pop_front();
}

CallAutomation::Answer CallAutomation::error_answer(const Error& error) {
  return {.status = error.status == 0 ? 500 : error.status,
          .body = write_error(error.code.empty() ? "9999" : error.code, error.message)};
}

net::HttpResponse CallAutomation::make_response(const net::HttpRequest& request, Answer answer) {
  net::HttpResponse response{.status = answer.status, .body = std::move(answer.body)};
  if (!response.body.empty())
    response.headers.set("Content-Type", "application/json; charset=utf-8");
  if (const auto id = request.headers.find("x-ms-client-request-id"))
    response.headers.set("x-ms-client-request-id", std::string(*id));
  response.headers.set("X-Microsoft-Skype-Chain-ID", make_uuid(shop_.services.random));
  response.headers.set("X-Azure-Ref", fmt::format("sim{:016x}", shop_.services.random.next_u64()));
  response.headers.set("X-Cache", "CONFIG_NOCACHE");
  return response;
}

Task<CallAutomation::Answer> CallAutomation::perform(Operation operation, std::string body) {
  const bool is_recording = operation.name.ends_with("recording");
  const bool in_call = !operation.id.empty();
  auto answer = is_recording ? co_await perform_recording(std::move(operation), std::move(body))
                : in_call    ? co_await perform_in_call(std::move(operation), std::move(body))
                             : co_await perform_call(std::move(operation), std::move(body));
  if (!answer) co_return error_answer(answer.error());
  co_return std::move(*answer);
}

Task<Result<CallAutomation::Answer>> CallAutomation::perform_call(Operation operation,
                                                                  std::string body) {
  if (operation.name == "create_call") {
    auto request = read_create_call(body);
    if (!request) co_return Failure(request.error());
    auto properties = shop_.create_call(std::move(*request));
    if (!properties) co_return Failure(properties.error());
    co_return Answer{.status = 201, .body = std::move(*properties)};
  }
  if (operation.name == "answer") {
    auto request = read_answer(body);
    if (!request) co_return Failure(request.error());
    const auto call = shop_.book.by_context(request->incoming_call_context);
    if (call == nullptr) co_return call_not_found();
    auto properties = co_await call->answer(std::move(*request));
    if (!properties) co_return Failure(properties.error());
    co_return Answer{.status = 200, .body = std::move(*properties)};
  }
  const bool rejects = operation.name == "reject";
  auto request = rejects ? read_reject(body) : read_redirect(body);
  if (!request) co_return Failure(request.error());
  const auto call = shop_.book.by_context(request->incoming_call_context);
  if (call == nullptr) co_return call_not_found();
  auto done = rejects ? call->reject(request->reason) : call->redirect(request->target_raw_id);
  if (!done) co_return Failure(done.error());
  if (call->incoming_call_context() != request->incoming_call_context)
    shop_.book.change_context(request->incoming_call_context, call);
  co_return Answer{.status = 204};
}

Task<Result<CallAutomation::Answer>> CallAutomation::perform_in_call(Operation operation,
                                                                     std::string body) {
  const auto call = shop_.book.by_connection(operation.id);
  if (call == nullptr) co_return call_not_found();
  if (operation.name == "get_call") {
    auto properties = call->properties();
    if (!properties) co_return Failure(properties.error());
    co_return Answer{.body = std::move(*properties)};
  }
  if (call->phase() == CallPhase::ended)
    co_return rest_failure(400, "8528", "The call has been terminated already.");
  if (operation.name == "hang_up" || operation.name == "terminate") {
    call->hang_up();
    co_return Answer{.status = 204};
  }
  if (operation.name.ends_with("media_streaming")) {
    auto request = read_operation(body);
    if (!request) co_return Failure(request.error());
    auto done = operation.name == "start_media_streaming" ? call->start_media(std::move(*request))
                                                          : call->stop_media(std::move(*request));
    if (!done) co_return Failure(done.error());
    co_return Answer{.status = 202};
  }
  auto participants = call->participants();
  if (!participants) co_return Failure(participants.error());
  if (operation.name == "list_participants")
    co_return Answer{.body = write_participants(*participants)};
  if (std::ranges::find(*participants, operation.rest_id) == participants->end())
    co_return rest_failure(404, "8522", "Participant not found.");
  co_return Answer{.body = write_participant(operation.rest_id)};
}

Task<Result<CallAutomation::Answer>> CallAutomation::perform_recording(Operation operation,
                                                                       std::string body) {
  if (operation.name == "start_recording") {
    auto request = read_start_recording(body);
    if (!request) co_return Failure(request.error());
    const auto call = request->server_call_id.empty()
                          ? shop_.book.by_connection(request->connection_id)
                          : shop_.book.by_server_call(request->server_call_id);
    if (call == nullptr) co_return call_not_found();
    auto state = co_await call->start_recording(std::move(*request));
    if (!state) co_return Failure(state.error());
    co_return Answer{.status = shop_.options.recording_answers_202 ? 202 : 200,
                     .body = std::move(*state)};
  }
  const auto [call, recording] = shop_.book.recording(operation.id);
  if (recording == nullptr) co_return recording_not_found();
  if (operation.name == "get_recording")
    co_return Answer{.body = write_recording_state(recording->id(), recording->state())};
  if (operation.name == "stop_recording") {
    call->stop_recording(recording);
    co_return Answer{.status = 204};
  }
  if (operation.name == "pause_recording")
    call->pause_recording(*recording);
  else
    call->resume_recording(*recording);
  co_return Answer{.status = 202};
}

}  // namespace earshot::simulator
