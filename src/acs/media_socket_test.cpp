#include "acs/media_socket.hpp"

#include "acs/media_routes.hpp"
#include "acs/testing/fake_call_events.hpp"
#include "acs/testing/token_maker.hpp"
#include "acs/testing/two_resources.hpp"
#include "net/testing/test_runtime.hpp"
#include "tests/support/fake_websocket.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {

namespace {

using earshot::testing::FakeWebSocket;
using earshot::testing::Wire;
using testing::token_maker;

constexpr std::string_view metadata =
    R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":"b8","encoding":"PCM","sampleRate":24000,"channels":1,"length":960}})";

std::string audio(std::string_view base64) {
  return R"({"kind":"AudioData","audioData":{"data":")" + std::string(base64) +
         R"(","silent":false}})";
}

struct Setup {
  Result<std::unique_ptr<CallerAudio>> open() {
    auto opened = runtime.run_for(open_media_socket(std::make_unique<FakeWebSocket>(wire),
                                                    runtime.clock(), watchers, counted, {}));
    return opened;
  }
  std::unique_ptr<CallerAudio> opened() {
    wire->says(std::string(metadata));
    auto audio_socket = open();
    REQUIRE(audio_socket.has_value());
    return std::move(*audio_socket);
  }
  std::optional<CallerMessage> next(CallerAudio& from) { return runtime.run_for(from.next()); }

  net::TestRuntime runtime;
  NullLog log;
  Counters counters;
  MediaSocketCounters counted{counters};
  TaskGroup watchers{runtime.executor(), runtime.clock(), log, "watchers"};
  std::shared_ptr<Wire> wire = std::make_shared<Wire>(runtime.clock());
};

}  // namespace

TEST_CASE("a media socket gives frames, tones and the end") {
  Setup setup;
  auto caller = setup.opened();
  CHECK(caller->format() == AudioFormat{.sample_rate_hz = 24000, .channels = 1});
  CHECK(caller->frame_bytes() == 960);

  setup.wire->says(audio("AAD//wEA"));
  setup.wire->says(R"({"kind":"DtmfData","dtmfData":{"data":"3"}})");
  setup.wire->hangs_up(1000, "bye");

  const auto frame = setup.next(*caller);
  REQUIRE(frame.has_value());
  CHECK(std::get<CallerFrame>(*frame).base64 == "AAD//wEA");
  CHECK(std::get<CallerDtmf>(*setup.next(*caller)).tone == "3");
  CHECK_FALSE(setup.next(*caller).has_value());
  CHECK(caller->end_reason() == "closed by ACS with 1000: bye");
}

TEST_CASE("the length of a frame is 20 ms when the metadata does not say it") {
  Setup setup;
  setup.wire->says(
      R"({"kind":"AudioMetadata","audioMetadata":{"encoding":"pcm","sampleRate":16000,"channels":1}})");

  const auto opened = setup.open();
  REQUIRE(opened.has_value());
  CHECK((*opened)->frame_bytes() == 640);
}

TEST_CASE("a stream in a format that we do not take is closed") {
  for (const std::string fields :
       {R"("encoding":"PCM","sampleRate":44100,"channels":1)",
        R"("encoding":"PCM","sampleRate":1e300,"channels":1)",
        R"("encoding":"PCM","sampleRate":-24000,"channels":1)",
        R"("encoding":"PCM","sampleRate":24000,"channels":2)",
        R"("encoding":"OPUS","sampleRate":24000,"channels":1)",
        R"("encoding":"PCM","sampleRate":24000,"channels":1,"length":961)",
        R"("encoding":"PCM","sampleRate":24000,"channels":1,"length":99999999)"}) {
    Setup setup;
    setup.wire->says(R"({"kind":"AudioMetadata","audioMetadata":{)" + fields + "}}");
    const auto opened = setup.open();
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().kind == ErrorKind::invalid);
    CHECK(setup.wire->end.value().code == 1003);
  }
}

TEST_CASE("a socket that says nothing is cut after ten seconds") {
  Setup setup;
  const auto before = setup.runtime.clock().steady_now();

  const auto opened = setup.open();

  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind == ErrorKind::unavailable);
  CHECK(setup.wire->was_aborted);
  CHECK(setup.runtime.clock().steady_now() - before == 10s);
}

TEST_CASE("a socket that is open is not cut later") {
  Setup setup;
  auto caller = setup.opened();

  setup.runtime.advance(60s);

  CHECK_FALSE(setup.wire->end.has_value());
  CHECK(setup.watchers.size() == 0);
}

TEST_CASE("what comes before the metadata is dropped, within a bound") {
  Setup setup;
  setup.wire->says(audio("AAD//wEA"));
  setup.wire->says("garbage");
  auto caller = setup.opened();
  CHECK(setup.counted.ignored.value() == 2);

  Setup flooded;
  for (int i = 0; i < 100; ++i) flooded.wire->says(audio("AAAA"));
  CHECK_FALSE(flooded.open().has_value());
  CHECK(flooded.wire->end.value().code == 1002);
}

TEST_CASE("nonsense within a stream is told and the stream goes on") {
  Setup setup;
  auto caller = setup.opened();
  setup.wire->says("\x01\x02");
  setup.wire->says(audio("not base64!!"));
  setup.wire->says(std::string(metadata));
  setup.wire->says(R"({"kind":"Novelty"})");
  setup.wire->says(
      R"({"kind":"AudioMetadata","audioMetadata":{"encoding":"PCM","sampleRate":16000,"channels":1,"length":640}})");
  setup.wire->says(audio("AAAAAAAA"));

  CHECK(std::holds_alternative<CallerNonsense>(*setup.next(*caller)));
  CHECK(std::holds_alternative<CallerNonsense>(*setup.next(*caller)));
  CHECK(std::holds_alternative<CallerNonsense>(*setup.next(*caller)));
  CHECK(std::get<CallerFrame>(*setup.next(*caller)).base64 == "AAAAAAAA");
  CHECK(setup.counted.nonsense.value() == 3);
  CHECK(setup.counted.ignored.value() == 2);
}

TEST_CASE("a stop overtakes the audio that is queued, and audio after it stays behind it") {
  Setup setup;
  auto caller = setup.opened();
  setup.wire->is_holding = true;
  CHECK(caller->send_audio("AAAA"));
  CHECK(caller->send_audio("BBBB"));

  CHECK(caller->send_stop_audio());
  CHECK(caller->send_audio("CCCC"));
  setup.wire->is_holding = false;
  setup.wire->write_queued();

  REQUIRE(setup.wire->sent.size() == 2);
  CHECK(setup.wire->sent[0] == R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})");
  CHECK(setup.wire->sent[1] ==
        R"({"Kind":"AudioData","AudioData":{"Data":"CCCC"},"StopAudio":null})");
}

TEST_CASE("audio that the socket does not take is counted") {
  Setup setup;
  auto caller = setup.opened();
  setup.wire->is_full = true;

  CHECK_FALSE(caller->send_audio("AAAA"));
  CHECK_FALSE(caller->send_stop_audio());
  CHECK(setup.counted.dropped.value() == 1);
}

namespace {

struct KeptArrivals : MediaArrivals {
  Task<void> arrived(ContextId call, std::unique_ptr<CallerAudio> audio_socket,
                     Executor&) override {
    calls.push_back(call.text);
    co_await audio_socket->next();
  }
  std::vector<std::string> calls;
};

struct Doors : Setup {
  explicit Doors(MediaSocketAuth auth)
      : routes({runtime.executor(), runtime.clock(), log, counters, events, arrivals, &tokens},
               {.auth = auth}) {
    testing::serve_keys(http, token_maker().jwk());
    routes.add_routes(router);
  }
  net::HttpRequest request(const std::string& target, net::HttpHeaders headers) {
    net::HttpRequest asked;
    asked.target = target;
    asked.path = target.substr(0, target.find('?'));
    asked.headers = std::move(headers);
    asked.path_parameters = router.match("GET", asked.path, true).parameters;
    return asked;
  }
  // 101, or the status of the refusal.
  int knock(const std::string& target, net::HttpHeaders headers = {}) {
    const auto asked = request(target, std::move(headers));
    const auto match = router.match("GET", asked.path, true);
    REQUIRE(match.gate != nullptr);
    const auto refused = runtime.run_for((*match.gate)(asked));
    return refused ? refused->status : 101;
  }
  net::HttpHeaders bearer() {
    const auto wishes = token_maker().wishes(runtime.clock().wall_now());
    return {{"Authorization", "Bearer " + token_maker().make(wishes)}};
  }

  testing::FakeHttpClient http;
  testing::FakeCallEvents events;
  KeptArrivals arrivals;
  KeySet keys{http, runtime.clock(), log, counters, {}};
  ResourceTokens tokens{testing::two_resources(keys, runtime.clock())};
  MediaRoutes routes;
  net::Router router;
};

}  // namespace

TEST_CASE("the media door wants the token and the call's key") {
  Doors doors(MediaSocketAuth::token_and_secret);

  CHECK(doors.knock("/ws/call-1?k=key-1", doors.bearer()) == 101);
  CHECK(doors.knock("/ws/call-1?k=key-1") == 401);
  CHECK(doors.knock("/ws/call-1", doors.bearer()) == 401);
  CHECK(doors.knock("/ws/call-1?k=key-2", doors.bearer()) == 401);
  CHECK(doors.knock("/ws/call-2?k=key-1", doors.bearer()) == 401);
}

TEST_CASE("a token of one resource does not open the media door of another resource's call") {
  for (const auto auth : {MediaSocketAuth::token_and_secret, MediaSocketAuth::token}) {
    Doors doors(auth);
    const auto of_other = testing::bearer_of_other(doors.runtime.clock());
    const std::string bare = "/ws?k=key-1";
    auto known = of_other;
    known.set("x-ms-call-correlation-id", "corr-1");

    CHECK(doors.knock("/ws/call-1?k=key-1", of_other) == 401);
    CHECK(doors.knock(bare, known) == 401);
    doors.events.resource = "other";
    CHECK(doors.knock("/ws/call-1?k=key-1", of_other) == 101);
    CHECK(doors.knock(bare, known) == 101);
    CHECK(doors.knock("/ws/call-1?k=key-1", doors.bearer()) == 401);
  }
}

TEST_CASE("the media door can be told to want one of the two") {
  Doors by_secret(MediaSocketAuth::secret);
  CHECK(by_secret.knock("/ws/call-1?k=key-1") == 101);
  CHECK(by_secret.knock("/ws/call-1?k=key-2", by_secret.bearer()) == 401);

  Doors by_token(MediaSocketAuth::token);
  CHECK(by_token.knock("/ws/call-1", by_token.bearer()) == 101);
  CHECK(by_token.knock("/ws/call-1?k=key-1") == 401);
  CHECK(by_token.knock("/ws/%22%20x", by_token.bearer()) == 401);

  Doors open(MediaSocketAuth::none);
  CHECK(open.knock("/ws/call-1") == 101);
}

TEST_CASE("at the bare media door the correlation id names the call, and its key still counts") {
  Doors doors(MediaSocketAuth::secret);
  net::HttpHeaders known{{"x-ms-call-correlation-id", "corr-1"}};

  CHECK(doors.knock("/ws?k=key-1", known) == 101);
  CHECK(doors.knock("/ws?k=key-2", known) == 401);
  CHECK(doors.knock("/ws?k=key-1", {{"x-ms-call-correlation-id", "corr-2"}}) == 401);
  CHECK(doors.knock("/ws?k=key-1") == 401);
}

TEST_CASE("a media socket that we cannot judge may come again") {
  Doors doors(MediaSocketAuth::token_and_secret);
  doors.events.is_away = true;
  CHECK(doors.knock("/ws/call-1?k=key-1", doors.bearer()) == 503);

  Doors keyless(MediaSocketAuth::token);
  keyless.http.otherwise = nullptr;
  CHECK(keyless.knock("/ws/call-1", keyless.bearer()) == 503);
}

TEST_CASE("a media socket that has said its format is brought to its call") {
  Doors doors(MediaSocketAuth::none);
  doors.wire->says(std::string(metadata));
  doors.wire->hangs_up(1000);
  const auto asked = doors.request("/ws", {{"x-ms-call-correlation-id", "corr-1"}});
  const auto match = doors.router.match("GET", "/ws", true);

  doors.runtime.run((*match.websocket)(asked, std::make_unique<FakeWebSocket>(doors.wire)));
  doors.runtime.run(doors.routes.stop());

  CHECK(doors.arrivals.calls == std::vector<std::string>{"call-1"});
  CHECK(doors.wire->is_destroyed);
}

}  // namespace earshot::acs
