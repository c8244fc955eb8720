#include "base/base64.hpp"
#include "simulator/testing/scripted_application.hpp"
#include "simulator/tones.hpp"
#include "simulator/wav_file.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace earshot;
using namespace earshot::simulator;
using earshot::simulator::testing::Bench;
using earshot::simulator::testing::Reply;

namespace {

namespace json = boost::json;

CallPlan talk_for(Duration length) {
  CallPlan plan;
  plan.utterances.push_back({.start = CallerStart::at_time,
                             .delay = 0s,
                             .samples = make_tones({.party = Party::caller, .count = 60}),
                             .rate_hz = 24000,
                             .label = "tones"});
  plan.hang_up_at = length;
  return plan;
}

std::string audio_message(const std::vector<std::int16_t>& samples) {
  return fmt::format(
      R"({{"Kind":"AudioData","AudioData":{{"Data":"{}"}},"StopAudio":null}})",
      base64::encode({reinterpret_cast<const std::uint8_t*>(samples.data()), samples.size() * 2}));
}

std::vector<std::int16_t> samples_of_wav(const std::string& wav) {
  std::vector<std::int16_t> out((wav.size() - 44) / 2);
  std::memcpy(out.data(), wav.data() + 44, out.size() * 2);
  return out;
}

bool has_event(const Bench& bench, const std::string& type) {
  return std::ranges::find(bench.app->event_types, type) != bench.app->event_types.end();
}

}  // namespace

TEST_CASE("a call is announced, answered, streamed, recorded and ended") {
  auto store = std::make_unique<MemoryChunkStore>();
  const auto& files = store->files();
  AcsOptions options{.chunk_length = 2s};
  Bench bench(options, std::move(store));

  const CallReport report = bench.call(talk_for(5s));

  CHECK(report.outcome == CallOutcome::completed);
  CHECK(bench.app->answer_status == 200);
  CHECK(bench.app->recording_status == 200);
  CHECK(report.frames_sent == 250);
  CHECK(bench.app->media.size() == 251);  // the metadata first
  CHECK(report.sockets_opened == 1);
  CHECK(report.callbacks_refused == 0);
  for (const char* type : {"CallConnected", "ParticipantsUpdated", "MediaStreamingStarted",
                           "RecordingStateChanged", "CallDisconnected"}) {
    CAPTURE(type);
    CHECK(has_event(bench, type));
  }
  REQUIRE(report.recordings.size() == 1);
  const auto& recording = report.recordings[0];
  CHECK(recording.recording_id == bench.app->recording_id);
  REQUIRE(recording.chunks.size() == 3);
  CHECK(recording.chunks[0].end_reason == "ChunkMaximumSizeExceeded");
  CHECK(recording.chunks[2].end_reason == "SessionEnded");
  CHECK(files.size() == 6);
  CHECK(recording.file_event_accepted);
  CHECK(bench.app->incoming.size() == 2);  // IncomingCall, RecordingFileStatusUpdated
}

TEST_CASE("the recording holds every tone of both parties, once, in order, at its time") {
  auto store = std::make_unique<MemoryChunkStore>();
  const auto& files = store->files();
  AcsOptions options{.line_delay_min = 200ms, .line_delay_max = 200ms, .chunk_length = 3s};
  Bench bench(options, std::move(store));
  const auto spoken = make_tones({.party = Party::assistant, .first = 100, .count = 10});
  bench.app->on_socket = [&](net::WebSocket& socket) { socket.try_send(audio_message(spoken)); };

  const CallReport report = bench.call(talk_for(8s));

  std::vector<std::int16_t> audio;
  REQUIRE(report.recordings.size() == 1);
  for (const auto& chunk : report.recordings[0].chunks) {
    const auto part = samples_of_wav(files.at(chunk.audio_name));
    audio.insert(audio.end(), part.begin(), part.end());
  }
  const double began = static_cast<double>(report.recordings[0].started_at.count()) / 1e6;
  const auto caller = decode_tones(audio, 16000, Party::caller);
  REQUIRE(caller.size() >= 14);
  // The first one that sounds whole after the recording began.
  const auto first = static_cast<unsigned>(std::ceil(began / 0.5));
  for (std::size_t i = 0; i + 1 < caller.size(); ++i) {
    const auto& tone = caller[i];
    if (tone.number < first) continue;
    CHECK(tone.start_s + began == doctest::Approx(tone.number * 0.5).epsilon(0.01));
    CHECK(caller[i + 1].number == tone.number + 1);
  }
  const auto assistant = decode_tones(audio, 16000, Party::assistant);
  REQUIRE(report.played_runs.size() == 1);
  CHECK(report.samples_played == static_cast<std::int64_t>(spoken.size()));
  const double played_at = static_cast<double>(report.played_runs[0].first_sample) / 24000;
  REQUIRE(assistant.size() >= 9);
  CHECK(assistant.back().number == 109);
  for (std::size_t i = 0; i < assistant.size(); ++i) {
    CHECK(assistant[i].number == assistant.back().number - (assistant.size() - 1 - i));
    if (assistant[i].start_s == 0) continue;
    CHECK(assistant[i].start_s + began - played_at ==
          doctest::Approx((assistant[i].number - 100) * 0.5).epsilon(0.01));
  }
}

TEST_CASE("StopAudio silences the phone, and what was cut off is not in the recording") {
  auto store = std::make_unique<MemoryChunkStore>();
  const auto& files = store->files();
  AcsOptions options{.line_delay_min = 200ms, .line_delay_max = 200ms};
  Bench bench(options, std::move(store));
  const auto spoken = make_tones({.party = Party::assistant, .count = 20});
  int frames = 0;
  bench.app->on_socket = [&](net::WebSocket& socket) { socket.try_send(audio_message(spoken)); };
  bench.app->on_media = [&](std::string_view, net::WebSocket& socket) {
    if (++frames == 100)
      socket.try_send_first(R"({"Kind":"StopAudio","AudioData":null,"StopAudio":{}})");
  };
  CallPlan plan;
  plan.hang_up_at = 6s;

  const CallReport report = bench.call(plan);

  REQUIRE(report.stop_audios.size() == 1);
  CHECK(report.stop_audios[0].while_playing);
  REQUIRE(report.played_runs.size() == 1);
  CHECK(report.played_runs[0].flushed);
  CHECK(report.samples_played + report.samples_flushed == report.samples_received);
  const auto heard = decode_tones(
      samples_of_wav(files.at(report.recordings[0].chunks[0].audio_name)), 16000, Party::assistant);
  REQUIRE_FALSE(heard.empty());
  CHECK(heard.back().number == 3);  // 1.8 s of the tones were played
}

TEST_CASE("an unanswered call ends after the ringing") {
  Bench bench;
  bench.app->answers = false;
  const CallReport report = bench.call({});
  CHECK(report.outcome == CallOutcome::not_answered);
  CHECK(report.ended_at - report.placed_at == 30s);
}

TEST_CASE("an application that is not there is told apart from one that does not answer") {
  Bench bench;
  CallPlan plan;
  plan.event_grid_url = "http://127.0.0.1:9/api/incomingCall";
  const CallReport report = bench.call(plan);
  CHECK(report.outcome == CallOutcome::not_answered);
  CHECK(report.event_grid_status == 0);
}

TEST_CASE("a hang-up by the application ends the call and leaves nothing to be asked for") {
  Bench bench;
  bench.app->hang_up_on_connect = true;
  bench.app->records = false;
  const CallReport report = bench.call({});
  CHECK(report.end_reason == "the application hung up");

  const Reply reply = bench.runtime.run_for(bench.app->request(
      "GET", "/calling/callConnections/" + report.connection_id + "?api-version=2025-05-15"));
  CHECK(reply.status == 404);
  CHECK(reply.json().at("error").at("code").get_string() == "8522");
}

TEST_CASE("callbacks can overtake the answer that they follow from") {
  AcsOptions options{.callbacks_before_response = true};
  Bench bench(options);
  bool connected_first = false;
  bench.app->on_event = [&](const std::string& type, const json::object&) {
    if (type == "CallConnected") connected_first = bench.app->answer_status == -1;
  };
  const CallReport report = bench.call(talk_for(2s));
  CHECK(report.outcome == CallOutcome::completed);
  CHECK(connected_first);
}

TEST_CASE("a media socket that is cut comes back by itself") {
  Bench bench;
  CallPlan plan = talk_for(5s);
  plan.media_troubles.push_back({.kind = MediaTroubleKind::cut, .at = 2s});
  const CallReport report = bench.call(plan);
  CHECK(report.sockets_opened == 2);
  CHECK(bench.app->upgrades.size() == 2);
  CHECK(report.frames_lost > 0);
  CHECK(has_event(bench, "MediaStreamingStopped"));
}

TEST_CASE("a media socket that only comes back when asked stays away until then") {
  AcsOptions options{.media_reconnect = MediaReconnect::when_asked};
  Bench bench(options);
  CallPlan plan = talk_for(5s);
  plan.media_troubles.push_back({.kind = MediaTroubleKind::cut, .at = 1s});
  CHECK(bench.call(plan).sockets_opened == 1);
}

TEST_CASE("a stall holds frames up and loses none") {
  Bench bench;
  CallPlan plan = talk_for(4s);
  plan.media_troubles.push_back({.kind = MediaTroubleKind::stall, .at = 1s, .length = 1s});
  const CallReport report = bench.call(plan);
  CHECK(report.frames_lost == 0);
  CHECK(report.frames_sent == 200);
}

TEST_CASE("many calls at once do not meet each other") {
  Bench bench;
  bench.app->records = false;
  bench.app->answers = false;
  int done = 0;
  TaskGroup calls(bench.runtime.executor(), bench.runtime.clock(), bench.log, "calls");
  struct Place {
    static Task<void> one(Bench& bench, int& done) {
      CallPlan plan;
      plan.rings_for = 2s;
      const CallReport report = co_await bench.acs->place_call(plan);
      done += report.outcome == CallOutcome::not_answered;
    }
  };
  for (int i = 0; i < 50; ++i) calls.spawn(Place::one(bench, done));
  bench.runtime.run(calls.join());
  CHECK(done == 50);
  CHECK(bench.acs->book().open_calls() == 0);
  CHECK(bench.app->incoming.size() == 50);
}

namespace {

struct Waiting {
  bool done = false;
  CallReport report;
  static Task<void> place(Bench& bench, CallPlan plan, Waiting& waiting) {
    waiting.report = co_await bench.acs->place_call(std::move(plan));
    waiting.done = true;
  }
};

}  // namespace

TEST_CASE("a stop ends a call whose application has gone, and gives its events up") {
  Bench bench;
  Waiting waiting;
  TaskGroup calls(bench.runtime.executor(), bench.runtime.clock(), bench.log, "calls");
  calls.spawn(Waiting::place(bench, talk_for(1min), waiting));
  bench.runtime.advance(5s);
  REQUIRE(bench.app->recording_status == 200);
  bench.network.set_unreachable("127.0.0.1", 8080, true);
  bench.network.cut_connections(8080);

  bench.runtime.run(bench.acs->stop(), 10s);

  CHECK(waiting.done);
  CHECK(waiting.report.outcome == CallOutcome::completed);
  CHECK(waiting.report.callbacks_refused > 0);
  REQUIRE(waiting.report.recordings.size() == 1);
  CHECK_FALSE(waiting.report.recordings[0].file_event_accepted);
  CHECK(bench.acs->delivery().given_up() >= 2);
  CHECK(bench.log.contains("event given up"));
}

TEST_CASE("a stop wakes a delivery that waits to be tried again, and one that a fault delays") {
  AcsOptions options;
  options.faults.push_back(*parse_fault("callback.CallConnected:delay=600000"));
  Bench bench(options);
  Waiting retried;
  Waiting delayed;
  TaskGroup calls(bench.runtime.executor(), bench.runtime.clock(), bench.log, "calls");
  calls.spawn(Waiting::place(bench, talk_for(1min), delayed));
  CallPlan nobody_there;
  nobody_there.event_grid_url = "http://127.0.0.1:9/api/incomingCall";
  calls.spawn(Waiting::place(bench, nobody_there, retried));
  bench.runtime.advance(3s);

  bench.runtime.run(bench.acs->stop(), 10s);

  CHECK(retried.done);
  CHECK(delayed.done);
  CHECK(bench.acs->delivery().given_up() == 2);
}

TEST_CASE("a stop does not wait long for an application that takes an event and never answers") {
  Bench bench;
  const auto silent = bench.network.listen("127.0.0.1", 9090, false);
  REQUIRE(silent.has_value());
  CallPlan plan;
  plan.event_grid_url = "http://127.0.0.1:9090/api/incomingCall";
  Waiting waiting;
  TaskGroup calls(bench.runtime.executor(), bench.runtime.clock(), bench.log, "calls");
  calls.spawn(Waiting::place(bench, plan, waiting));
  bench.runtime.advance(1s);

  bench.runtime.run(bench.acs->stop(), 10s);

  CHECK(waiting.done);
  CHECK(bench.acs->delivery().given_up() == 1);
}

TEST_CASE("a stopped simulator takes no more calls") {
  Bench bench;
  bench.runtime.run(bench.acs->stop(), 10s);
  const CallReport report = bench.call({});
  CHECK(report.outcome == CallOutcome::not_answered);
  CHECK(report.end_reason == "the simulator is stopping");
  CHECK(bench.app->incoming.empty());
}
