#include "acs/call_automation_client.hpp"

#include "acs/connection_string.hpp"
#include "acs/detail/call_json.hpp"
#include "acs/detail/request_credentials.hpp"
#include "net/retry_after.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::acs {

namespace {

using detail::parse_service_error;

struct Operation {
  std::string name;  // for people: "start recording"
  ContextId call;
  std::string method = "GET";
  std::string path;  // percent-encoded
  std::string body;  // empty: none
  std::optional<Repeatability> repeatability;
};

// An id as a path segment. An empty one would name another resource.
Result<std::string> segment(std::string_view what, const std::string& id) {
  if (id.empty()) return fail(ErrorKind::invalid, fmt::format("the {} is empty", what));
  return net::percent_encode(id);
}

ErrorKind kind_of(int status, const std::string& code) {
  if (status == 401 || status == 403) return ErrorKind::refused;
  if (status == 404) return ErrorKind::not_found;
  if (status == 409 || status == 412) return ErrorKind::conflict;
  if (status == 408 || status == 429 || status >= 500) return ErrorKind::unavailable;
  if (status != 400) return ErrorKind::invalid;
  // 8501 not established (yet), 8553 and 8559 recording already: the state forbids it. 8528 the
  // call has ended, 8543 there is no such call.
  if (code == "8501" || code == "8553" || code == "8559") return ErrorKind::conflict;
  if (code == "8528" || code == "8543") return ErrorKind::not_found;
  return ErrorKind::invalid;
}

bool may_retry(const Error& error) {
  return worth_retrying(error) && error.status != 501 && error.status != 505;
}

class CallAutomationClient : public CallControl {
 public:
  CallAutomationClient(CallAutomationServices services, CallAutomationOptions options,
                       detail::RequestCredentials credentials)
      : services_(services),
        options_(std::move(options)),
        credentials_(std::move(credentials)),
        retries_(services_.counters.counter("earshot_acs_retries_total",
                                            "requests to ACS sent again after a failure",
                                            {{"resource", options_.resource}})),
        failures_(services_.counters.counter("earshot_acs_failures_total",
                                             "operations on ACS that failed in the end",
                                             {{"resource", options_.resource}})) {}

  Task<Result<CallProperties>> answer(AnswerRequest request) override {
    auto body = detail::answer_body(request);
    if (!body) co_return fail("answer", body.error());
    Operation operation{.name = "answer",
                        .call = request.call,
                        .method = "POST",
                        .path = "/calling/callConnections:answer",
                        .body = std::move(*body),
                        .repeatability = request.repeatability};
    co_return properties(co_await run(std::move(operation)));
  }

  Task<Result<void>> reject(ContextId call, Secret incoming_call_context,
                            Repeatability repeatability) override {
    Operation operation{.name = "reject",
                        .call = std::move(call),
                        .method = "POST",
                        .path = "/calling/callConnections:reject",
                        .body = detail::reject_body(incoming_call_context),
                        .repeatability = std::move(repeatability)};
    co_return no_body(co_await run(std::move(operation)));
  }

  Task<Result<void>> hang_up(ContextId call, CallConnectionId connection) override {
    co_return co_await on_call("hang up", std::move(call), std::move(connection), "DELETE", "");
  }

  Task<Result<CallProperties>> get_call(ContextId call, CallConnectionId connection) override {
    auto id = segment("call connection id", connection.text);
    if (!id) co_return fail("get call", id.error());
    Operation operation{
        .name = "get call", .call = std::move(call), .path = "/calling/callConnections/" + *id};
    co_return properties(co_await run(std::move(operation)));
  }

  Task<Result<RecordingStatus>> start_recording(StartRecordingRequest request) override {
    if (request.server_call_id.empty())
      co_return fail(ErrorKind::invalid, "start recording: the server call id is empty");
    auto body = detail::start_recording_body(request);
    if (!body) co_return fail("start recording", body.error());
    Operation operation{.name = "start recording",
                        .call = request.call,
                        .method = "POST",
                        .path = "/calling/recordings",
                        .body = std::move(*body),
                        .repeatability = request.repeatability};
    co_return recording_status(co_await run(std::move(operation)));
  }

  Task<Result<void>> stop_recording(ContextId call, RecordingId recording) override {
    co_return co_await on_recording("stop recording", std::move(call), std::move(recording),
                                    "DELETE", "");
  }
  Task<Result<void>> pause_recording(ContextId call, RecordingId recording) override {
    co_return co_await on_recording("pause recording", std::move(call), std::move(recording),
                                    "POST", ":pause");
  }
  Task<Result<void>> resume_recording(ContextId call, RecordingId recording) override {
    co_return co_await on_recording("resume recording", std::move(call), std::move(recording),
                                    "POST", ":resume");
  }

  Task<Result<RecordingStatus>> get_recording(ContextId call, RecordingId recording) override {
    auto id = segment("recording id", recording.text);
    if (!id) co_return fail("get recording", id.error());
    Operation operation{
        .name = "get recording", .call = std::move(call), .path = "/calling/recordings/" + *id};
    co_return recording_status(co_await run(std::move(operation)));
  }

  Task<Result<void>> start_media_streaming(ContextId call, CallConnectionId connection) override {
    co_return co_await on_call("start media streaming", std::move(call), std::move(connection),
                               "POST", ":startMediaStreaming");
  }
  Task<Result<void>> stop_media_streaming(ContextId call, CallConnectionId connection) override {
    co_return co_await on_call("stop media streaming", std::move(call), std::move(connection),
                               "POST", ":stopMediaStreaming");
  }

 private:
  Task<Result<void>> on_call(std::string name, ContextId call, CallConnectionId connection,
                             std::string method, std::string verb) {
    auto id = segment("call connection id", connection.text);
    if (!id) co_return fail(name, id.error());
    Operation operation{.name = std::move(name),
                        .call = std::move(call),
                        .method = std::move(method),
                        .path = "/calling/callConnections/" + *id + verb,
                        .body = verb.empty() ? "" : "{}"};
    co_return no_body(co_await run(std::move(operation)));
  }

  Task<Result<void>> on_recording(std::string name, ContextId call, RecordingId recording,
                                  std::string method, std::string verb) {
    auto id = segment("recording id", recording.text);
    if (!id) co_return fail(name, id.error());
    Operation operation{.name = std::move(name),
                        .call = std::move(call),
                        .method = std::move(method),
                        .path = "/calling/recordings/" + *id + verb};
    co_return no_body(co_await run(std::move(operation)));
  }

  static Result<void> no_body(const Result<std::string>& reply) {
    if (!reply) return Failure(reply.error());
    return ok();
  }
  static Result<CallProperties> properties(const Result<std::string>& reply) {
    if (!reply) return Failure(reply.error());
    auto parsed = detail::parse_call_properties(*reply);
    if (!parsed) return fail("ACS call properties", parsed.error());
    return parsed;
  }
  static Result<RecordingStatus> recording_status(const Result<std::string>& reply) {
    if (!reply) return Failure(reply.error());
    auto parsed = detail::parse_recording_status(*reply);
    if (!parsed) return fail("ACS recording state", parsed.error());
    return parsed;
  }

  // The body of a 2xx reply. Repeats what failed for the moment, as long as the total allows it.
  Task<Result<std::string>> run(Operation operation) {
    if (operation.repeatability && operation.repeatability->request_id.empty())
      operation.repeatability = Repeatability{.request_id = make_uuid(services_.random),
                                              .first_sent = services_.clock.wall_now()};
    const auto request_id = make_uuid(services_.random);
    const auto give_up = services_.clock.steady_now() + options_.total_timeout;
    for (int attempt = 1;; ++attempt) {
      auto reply = co_await exchange(operation, request_id, give_up);
      if (reply || !may_retry(reply.error()) || attempt >= options_.attempts_max) {
        if (!reply) failures_.add();
        co_return reply;
      }
      const auto resume = services_.clock.steady_now() + pause_after(reply.error(), attempt);
      if (resume >= give_up) {
        failures_.add();
        co_return reply;
      }
      retries_.add();
      co_await services_.clock.sleep_until(resume);
    }
  }

  Duration pause_after(const Error& error, int attempt) {
    if (error.retry_after_ms > 0) return std::chrono::milliseconds(error.retry_after_ms);
    const auto first = error.status == 429 ? options_.throttled_backoff : options_.backoff_first;
    const auto doubled =
        std::min<Duration>(first * (1LL << std::min(attempt - 1, 20)), options_.backoff_max);
    const auto factor = 0.5 + services_.random.next_unit();
    return std::chrono::duration_cast<Duration>(doubled * factor);
  }

  Task<Result<std::string>> exchange(Operation operation, std::string request_id,
                                     SteadyTime give_up) {
    net::HttpCall call;
    call.method = operation.method;
    const auto target =
        fmt::format("{}?api-version={}", operation.path, net::percent_encode(options_.api_version));
    call.url = options_.endpoint + target;
    call.body = operation.body;
    call.response_bytes_max = 1 << 20;
    const auto left = std::chrono::duration_cast<Duration>(give_up - services_.clock.steady_now());
    call.timeout = std::clamp(left, Duration(1s), options_.attempt_timeout);
    call.connect_timeout = call.timeout;
    if (!operation.body.empty()) call.headers.add("Content-Type", "application/json");
    call.headers.add("Accept", "application/json");
    if (operation.repeatability) {
      call.headers.add("Repeatability-Request-ID", operation.repeatability->request_id);
      call.headers.add("Repeatability-First-Sent",
                       to_http_date(operation.repeatability->first_sent));
    }
    call.headers.add("x-ms-client-request-id", request_id);
    auto credentials = co_await credentials_.headers(operation.method, target, operation.body);
    if (!credentials) co_return fail(operation.name, credentials.error());
    for (const auto& [name, value] : *credentials) call.headers.add(name, value);

    auto reply = co_await services_.http.send(std::move(call));
    report(operation, request_id, reply ? &*reply : nullptr);
    if (!reply) co_return fail(operation.name, reply.error());
    if (reply->status >= 200 && reply->status < 300) co_return std::move(reply->body);
    co_return refusal(operation, *reply);
  }

  void report(const Operation& operation, const std::string& request_id,
              const net::HttpReply* reply) {
    Diagnostics diagnostics{.operation = operation.name, .client_request_id = request_id};
    if (reply) {
      diagnostics.status = reply->status;
      const auto echoed = reply->headers.get("x-ms-client-request-id");
      if (!echoed.empty()) diagnostics.client_request_id = echoed;
      diagnostics.chain_id = reply->headers.get("X-Microsoft-Skype-Chain-ID");
      diagnostics.ms_cv = reply->headers.get("MS-CV");
      diagnostics.date = reply->headers.get("Date");
    }
    if (operation.name == "start recording")
      services_.log.info(
          fmt::format("Recording start diagnostic headers: {{'x-ms-client-request-id': '{}', "
                      "'MS-CV': '{}', 'X-Microsoft-Skype-Chain-ID': '{}', 'Date': '{}'}}",
                      diagnostics.client_request_id, diagnostics.ms_cv, diagnostics.chain_id,
                      diagnostics.date),
          {{"call", operation.call.text}, {"status", diagnostics.status}});
    if (services_.diagnostics) services_.diagnostics->exchanged(operation.call, diagnostics);
  }

  Failure refusal(const Operation& operation, const net::HttpReply& reply) {
    const auto said = parse_service_error(reply.body);
    Error error;
    error.kind = kind_of(reply.status, said.code);
    error.status = reply.status;
    error.code = said.code;
    error.retry_after_ms = net::retry_after_of(reply.headers, services_.clock.wall_now()) / 1ms;
    error.message = fmt::format("{}: ACS answered {}{}{}{}{}", operation.name, reply.status,
                                said.code.empty() ? "" : "/", said.code,
                                said.message.empty() ? "" : ": ", said.message);
    return Failure(std::move(error));
  }

  CallAutomationServices services_;
  CallAutomationOptions options_;
  detail::RequestCredentials credentials_;
  Counter& retries_;
  Counter& failures_;
};

}  // namespace

Result<std::unique_ptr<CallControl>> make_call_automation_client(CallAutomationServices services,
                                                                 CallAutomationOptions options) {
  auto endpoint = parse_endpoint(options.endpoint);
  if (!endpoint) return Failure(endpoint.error());
  options.endpoint = *endpoint;
  detail::CredentialOptions asking{.endpoint = options.endpoint,
                                   .access_key = options.access_key,
                                   .token_scope = options.token_scope};
  auto credentials =
      detail::RequestCredentials::make(std::move(asking), services.tokens, services.clock);
  if (!credentials) return Failure(credentials.error());
  return std::make_unique<CallAutomationClient>(services, std::move(options),
                                                std::move(*credentials));
}

}  // namespace earshot::acs
