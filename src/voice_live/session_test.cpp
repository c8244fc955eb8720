#include "voice_live/session.hpp"

#include "net/testing/test_runtime.hpp"
#include "tests/support/fake_websocket.hpp"
#include "voice_live/voice_live_assistant.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

namespace earshot::voice_live {

namespace json = boost::json;

namespace {

using earshot::testing::FakeWebSocket;
using earshot::testing::Wire;

constexpr std::string_view created =
    R"({"type":"session.created","session":{"id":"sess_1","model":"gpt-realtime","expires_at":1784125200}})";
constexpr std::string_view updated =
    R"({"type":"session.updated","session":{"id":"sess_1","input_audio_format":"pcm16",
       "input_audio_sampling_rate":24000,"output_audio_format":"pcm16",
       "turn_detection":{"prefix_padding_ms":300,"silence_duration_ms":700}}})";

struct Setup {
  Setup() {
    options.endpoint = "https://demo.services.ai.azure.com";
    options.api_key = Secret("key-1");
  }

  Result<std::unique_ptr<AssistantSession>> open(AssistantSessionRequest request = {}) {
    request.call = {"call-1"};
    return runtime.run_for(open_session(
        std::make_unique<FakeWebSocket>(wire), {runtime.clock(), log, counted, watchers},
        std::make_shared<VoiceLiveOptions>(options), std::move(request)));
  }
  std::unique_ptr<AssistantSession> opened(AssistantSessionRequest request = {}) {
    wire->says(std::string(created));
    wire->says(std::string(updated));
    auto session = open(std::move(request));
    REQUIRE(session.has_value());
    return std::move(*session);
  }
  template <class Event>
  Event next(AssistantSession& session) {
    auto event = runtime.run_for(session.next());
    REQUIRE(event.has_value());
    REQUIRE(std::holds_alternative<Event>(*event));
    return std::get<Event>(std::move(*event));
  }
  // Everything that was sent, by type; of created items the item's type.
  std::vector<std::string> sent_types() {
    std::vector<std::string> types;
    for (const auto& message : wire->sent) {
      const auto value = json::parse(message);
      const auto* item = value.as_object().if_contains("item");
      types.emplace_back(json::value_to<std::string>(value.at("type")) +
                         (item ? ":" + json::value_to<std::string>(item->at("type")) : ""));
    }
    return types;
  }
  std::string event_id_of_last() {
    return json::value_to<std::string>(json::parse(wire->sent.back()).at("event_id"));
  }

  net::TestRuntime runtime;
  MemoryLog log;
  Counters counters;
  SessionCounters counted{counters};
  TaskGroup watchers{runtime.executor(), runtime.clock(), log, "watchers"};
  std::shared_ptr<Wire> wire = std::make_shared<Wire>(runtime.clock());
  VoiceLiveOptions options;
};

std::string response_created(std::string_view id) {
  return fmt::format(R"({{"type":"response.created","response":{{"id":"{}"}}}})", id);
}
std::string response_done(std::string_view id) {
  return fmt::format(R"({{"type":"response.done","response":{{"id":"{}","status":"completed"}}}})",
                     id);
}
std::string error_event(std::string_view type, std::string_view code,
                        std::string_view event_id = "") {
  return fmt::format(
      R"({{"type":"error","error":{{"type":"{}","code":"{}","message":"m","event_id":"{}"}}}})",
      type, code, event_id);
}

}  // namespace

TEST_CASE("a session is ready once the service has agreed to its configuration") {
  Setup setup;
  setup.wire->says(R"({"type":"rate_limits.updated"})");
  const auto session = setup.opened();

  CHECK(session->session_id() == "sess_1");
  CHECK(session->output_rate_hz() == 24000);
  CHECK(session->prefix_padding_ms() == 300);
  CHECK(session->silence_window_ms() == 700);
  CHECK(to_unix_ms(session->expires_at().value()) == 1784125200000);
  CHECK(setup.sent_types() == std::vector<std::string>{"session.update"});
}

TEST_CASE("another audio format than was asked for fails loudly") {
  for (const std::string fields :
       {R"("output_audio_format":"pcm16")", R"("input_audio_sampling_rate":24000)",
        R"("output_audio_format":"g711_ulaw")", R"("input_audio_format":"g711_ulaw")"}) {
    Setup setup;
    setup.wire->says(std::string(created));
    setup.wire->says(R"({"type":"session.updated","session":{)" + fields + "}}");
    const auto session = setup.open({.sample_rate_hz = 16000});

    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().kind == ErrorKind::invalid);
    CHECK(session.error().message.find("asked was") != std::string::npos);
    CHECK(setup.wire->was_aborted);
  }
}

TEST_CASE("a configuration that the service refuses is our fault, its own trouble is not") {
  const auto kind_of = [](std::string_view type, std::string_view code) {
    Setup setup;
    setup.wire->says(std::string(created));
    setup.wire->says(error_event(type, code));
    const auto session = setup.open();
    REQUIRE_FALSE(session.has_value());
    CHECK(session.error().code == code);
    return session.error().kind;
  };

  CHECK(kind_of("invalid_request_error", "unknown_parameter") == ErrorKind::invalid);
  CHECK(kind_of("server_error", "") == ErrorKind::unavailable);
  CHECK(kind_of("invalid_request_error", "rate_limit_exceeded") == ErrorKind::unavailable);
}

TEST_CASE("a service that says nothing is given up after ten seconds") {
  Setup setup;
  setup.wire->says(std::string(created));
  const auto before = setup.runtime.clock().steady_now();

  const auto session = setup.open();

  REQUIRE_FALSE(session.has_value());
  CHECK(session.error().kind == ErrorKind::unavailable);
  CHECK(session.error().message.find("in time") != std::string::npos);
  CHECK(setup.runtime.clock().steady_now() - before == 10s);
}

TEST_CASE("a connection that closes during the handshake says whether to come again") {
  Setup rejected;
  rejected.wire->hangs_up(1008, "no");
  CHECK(rejected.open().error().kind == ErrorKind::refused);
  Setup lost;
  lost.wire->hangs_up(1011);
  CHECK(lost.open().error().kind == ErrorKind::unavailable);
}

TEST_CASE("a conversation is brought along, its newest turns first to be kept") {
  Setup setup;
  setup.options.turns_resumed_max = 2;
  AssistantSessionRequest request;
  request.conversation = {{.speaker = Speaker::caller, .text = "old"},
                          {.speaker = Speaker::assistant, .text = "Morning or"},
                          {.speaker = Speaker::caller, .text = "Friday"}};
  const auto session = setup.opened(std::move(request));

  REQUIRE(setup.wire->sent.size() == 3);
  CHECK(setup.wire->sent[1].find("Morning or") != std::string::npos);
  CHECK(setup.wire->sent[2].find("Friday") != std::string::npos);
}

TEST_CASE("audio goes out as one message and comes in as a view") {
  Setup setup;
  const auto session = setup.opened();

  CHECK(session->append_audio("AAD/"));
  CHECK(setup.wire->sent.back() == R"({"type":"input_audio_buffer.append","audio":"AAD/"})");
  setup.wire->says(
      R"({"type":"response.audio.delta","response_id":"r","item_id":"i","delta":"AAAA"})");
  CHECK(setup.next<AssistantAudio>(*session).base64 == "AAAA");
}

TEST_CASE("what the socket does not take is dropped and counted") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->is_full = true;

  CHECK_FALSE(session->append_audio("AAD/"));
  CHECK_FALSE(session->say("hello", ""));
  CHECK_FALSE(session->truncate("i", 1));
  CHECK(setup.counted.audio_dropped.value() == 1);
  CHECK(setup.counted.messages_dropped.value() == 2);
  setup.wire->is_full = false;
  CHECK(session->say("hello", ""));
}

TEST_CASE("announcements leave one after the other, each when the one before has ended") {
  Setup setup;
  const auto session = setup.opened();

  CHECK(session->say("This call is recorded.", "say-1"));
  CHECK(session->create_response("Greet."));
  CHECK(setup.wire->sent.size() == 2);
  setup.wire->says(response_created("r1"));
  setup.wire->says(response_done("r1"));
  setup.next<ResponseStarted>(*session);
  CHECK(setup.next<ResponseEnded>(*session).response_id == "r1");

  REQUIRE(setup.wire->sent.size() == 3);
  CHECK(setup.wire->sent[1].find("This call is recorded.") != std::string::npos);
  CHECK(setup.wire->sent[2].find("Greet.") != std::string::npos);
}

TEST_CASE("a response that came too early is asked for again, and the one that runs is not ours") {
  Setup setup;
  const auto session = setup.opened();
  CHECK(session->create_response(""));
  const auto first = setup.event_id_of_last();
  setup.wire->says(response_created("vad"));
  setup.wire->says(
      error_event("invalid_request_error", "conversation_already_has_active_response", first));
  setup.wire->says(response_done("vad"));

  setup.next<ResponseStarted>(*session);
  setup.next<RequestOvertaken>(*session);
  setup.next<ResponseEnded>(*session);

  REQUIRE(setup.wire->sent.size() == 3);
  CHECK(setup.wire->sent[2] == setup.wire->sent[1]);
}

TEST_CASE("a cancel that lost its race is no complaint, other errors are") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says(error_event("invalid_request_error", "response_cancel_not_active"));
  setup.wire->says(error_event("invalid_request_error", "invalid_value"));

  CHECK(setup.next<AssistantComplaint>(*session).code == "invalid_value");
  CHECK(setup.counted.faults.value() == 2);
}

TEST_CASE("a server error is tolerated once") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says(error_event("server_error", ""));
  setup.wire->says(error_event("server_error", "x"));

  CHECK(setup.next<AssistantComplaint>(*session).code == "server_error");
  CHECK(setup.next<AssistantComplaint>(*session).code == "x");
  CHECK(setup.next<SessionEnded>(*session).may_retry);
  CHECK_FALSE(setup.runtime.run_for(session->next()).has_value());
  CHECK(setup.wire->end.value().code == 1000);
  CHECK_FALSE(session->append_audio("AAAA"));
}

TEST_CASE("the end of a session says whether to come again") {
  const auto may_retry = [](std::uint16_t code) {
    Setup setup;
    const auto session = setup.opened();
    setup.wire->hangs_up(code);
    const auto ended = setup.next<SessionEnded>(*session);
    CHECK(ended.reason.find(std::to_string(code)) != std::string::npos);
    return ended.may_retry;
  };

  CHECK(may_retry(1000));
  CHECK(may_retry(1001));
  CHECK(may_retry(1006));
  CHECK(may_retry(1011));
  CHECK_FALSE(may_retry(1008));
}

TEST_CASE("garbage and novelties do not end a session") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says("{");
  setup.wire->says(R"({"type":"response.novelty"})");
  setup.wire->says(R"({"type":"warning","warning":{"code":"c","message":"m"}})");
  setup.wire->says(
      R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"i","transcript":""})");
  setup.wire->says(
      R"({"type":"input_audio_buffer.speech_started","item_id":"i","audio_start_ms":5})");

  CHECK(setup.next<SpeechStarted>(*session).audio_start_ms == 5);
  CHECK(setup.counted.malformed.value() == 1);
  CHECK(setup.counted.ignored.value() == 2);
  CHECK(setup.counted.warnings.value() == 1);
}

TEST_CASE("a function is told once, when its item is complete, with name and arguments") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says(response_created("r"));
  setup.wire->says(
      R"({"type":"response.output_item.added","response_id":"r","item":{"type":"function_call","id":"f","call_id":"c1","name":"find","status":"in_progress"}})");
  setup.wire->says(
      R"({"type":"response.function_call_arguments.done","response_id":"r","item_id":"f","call_id":"c1","arguments":"{\"day\":1}"})");
  setup.wire->says(
      R"({"type":"response.output_item.done","response_id":"r","item":{"type":"function_call","id":"f","call_id":"c1","status":"completed"}})");
  setup.wire->says(
      R"({"type":"response.done","response":{"id":"r","status":"completed","output":[{"type":"function_call","id":"f","call_id":"c1","name":"find","arguments":"{}","status":"completed"}]}})");

  setup.next<ResponseStarted>(*session);
  const auto call = setup.next<FunctionCall>(*session);
  CHECK(call.name == "find");
  CHECK(call.arguments == R"({"day":1})");
  CHECK(call.response_id == "r");
  setup.next<ResponseEnded>(*session);
}

TEST_CASE("an interrupted function is not told") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says(
      R"({"type":"response.function_call_arguments.done","response_id":"r","call_id":"c1","name":"pay","arguments":"{}"})");
  setup.wire->says(
      R"({"type":"response.output_item.done","response_id":"r","item":{"type":"function_call","id":"f","call_id":"c1","name":"pay","status":"incomplete"}})");
  setup.wire->says(R"({"type":"response.done","response":{"id":"r","status":"cancelled"}})");

  CHECK(setup.next<ResponseEnded>(*session).status == ResponseStatus::cancelled);
}

TEST_CASE("outputs of functions wait for their response, then one new response is asked for") {
  Setup setup;
  const auto session = setup.opened();
  setup.wire->says(response_created("r"));
  for (const std::string id : {"c1", "c2"})
    setup.wire->says(
        R"({"type":"response.output_item.done","response_id":"r","item":{"type":"function_call","id":"f","call_id":")" +
        id + R"(","name":"find","status":"completed"}})");
  setup.next<ResponseStarted>(*session);
  setup.next<FunctionCall>(*session);
  setup.next<FunctionCall>(*session);

  CHECK(session->return_function("c1", "{}"));
  CHECK_FALSE(session->return_function("c1", "{}"));
  CHECK_FALSE(session->return_function("unknown", "{}"));
  CHECK(setup.sent_types() == std::vector<std::string>{"session.update"});
  setup.wire->says(response_done("r"));
  setup.next<ResponseEnded>(*session);
  CHECK(setup.sent_types().back() == "conversation.item.create:function_call_output");
  CHECK(session->return_function("c2", "{}"));

  const auto types = setup.sent_types();
  REQUIRE(types.size() == 4);
  CHECK(types[2] == "conversation.item.create:function_call_output");
  CHECK(types[3] == "response.create");
}

TEST_CASE("a session that is closed by us ends") {
  Setup setup;
  const auto session = setup.opened();
  setup.runtime.run(session->close());

  CHECK(setup.next<SessionEnded>(*session).reason == "closed by us with 1000");
  CHECK_FALSE(setup.runtime.run_for(session->next()).has_value());
}

TEST_CASE("neither what is said nor the key gets into the log") {
  Setup setup;
  const auto session = setup.opened();
  session->say("secret words", "");
  setup.wire->says(
      R"({"type":"conversation.item.input_audio_transcription.completed","item_id":"i","transcript":"secret words"})");
  setup.next<CallerTranscript>(*session);

  CHECK_FALSE(setup.log.contains("secret"));
  CHECK_FALSE(setup.log.contains("key-1"));
}

namespace {

struct FixedTokens : TokenSource {
  Task<Result<Secret>> token(std::string scope) override {
    last_scope = scope;
    co_return Secret("jwt-1");
  }
  std::string last_scope;
};

struct AssistantSetup : Setup {
  std::unique_ptr<Assistant> make() {
    VoiceLiveServices services{runtime.executor(), runtime.clock(), random, log, counters, quota};
    services.tokens = &tokens;
    services.connect = [this](net::WebSocketClientOptions how) {
      return connect(this, std::move(how));
    };
    auto made = make_voice_live_assistant(std::move(services), options);
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  static Task<Result<net::Upgraded>> connect(AssistantSetup* self,
                                             net::WebSocketClientOptions how) {
    self->asked.push_back(how);
    if (self->refusal) co_return Failure(*self->refusal);
    self->wire = std::make_shared<Wire>(self->runtime.clock());
    self->wire->says(std::string(created));
    self->wire->says(std::string(updated));
    net::Upgraded upgraded;
    upgraded.socket = std::make_unique<FakeWebSocket>(self->wire);
    co_return upgraded;
  }

  SeededRandom random{3};
  ConnectQuota quota{30};
  FixedTokens tokens;
  std::vector<net::WebSocketClientOptions> asked;
  std::optional<Error> refusal;
};

}  // namespace

TEST_CASE("the assistant is reached with its key, or with an Entra ID token, and a request id") {
  AssistantSetup setup;
  REQUIRE(setup.runtime.run_for(setup.make()->open({})).has_value());
  CHECK(setup.asked[0].headers.get("api-key") == "key-1");
  CHECK(setup.asked[0].headers.get("Authorization").empty());
  CHECK(is_uuid(setup.asked[0].headers.get("X-MS-Client-Request-ID")));
  CHECK(setup.asked[0].limits.message_bytes_max == 10 << 20);
  CHECK(setup.asked[0].url.target.starts_with("/voice-live/realtime?"));

  setup.options.api_key.reset();
  REQUIRE(setup.runtime.run_for(setup.make()->open({})).has_value());
  CHECK(setup.asked[1].headers.get("Authorization") == "Bearer jwt-1");
  CHECK(setup.tokens.last_scope == "https://ai.azure.com/.default");
}

TEST_CASE("connects beyond the quota of a minute are not tried and say when there is room") {
  AssistantSetup setup;
  const auto assistant = setup.make();
  for (int i = 0; i < 30; ++i) {
    REQUIRE(setup.runtime.run_for(assistant->open({})).has_value());
    setup.runtime.advance(1s);
  }

  const auto refused = setup.runtime.run_for(assistant->open({}));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(refused.error().retry_after_ms == 30'000);
  CHECK(setup.asked.size() == 30);
  setup.runtime.advance(30s);
  CHECK(setup.runtime.run_for(assistant->open({})).has_value());
}

TEST_CASE("a refused connection keeps its kind, status and time to wait") {
  AssistantSetup setup;
  setup.refusal = Error{
      .kind = ErrorKind::unavailable, .message = "429", .status = 429, .retry_after_ms = 7000};

  const auto opened = setup.runtime.run_for(setup.make()->open({}));

  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().status == 429);
  CHECK(opened.error().retry_after_ms == 7000);
}

TEST_CASE("an absurd sample rate is refused before anything is opened") {
  AssistantSetup setup;

  const auto opened = setup.runtime.run_for(setup.make()->open({.sample_rate_hz = 44100}));
  CHECK(opened.error().kind == ErrorKind::invalid);
  CHECK(setup.asked.empty());
}

TEST_CASE("an assistant that could not authenticate is not made") {
  AssistantSetup setup;
  VoiceLiveServices services{setup.runtime.executor(),
                             setup.runtime.clock(),
                             setup.random,
                             setup.log,
                             setup.counters,
                             setup.quota};
  setup.options.api_key.reset();
  CHECK_FALSE(make_voice_live_assistant(services, setup.options).has_value());
  setup.options.api_key = Secret("");
  CHECK_FALSE(make_voice_live_assistant(services, setup.options).has_value());
}

}  // namespace earshot::voice_live
