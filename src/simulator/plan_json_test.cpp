#include "simulator/plan_json.hpp"

#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

Result<CallPlan> read(const std::string& text) {
  net::TestRuntime runtime;
  const auto speech = make_hum();
  return runtime.run_for(read_call_plan(text, *speech));
}

}  // namespace

TEST_CASE("a plan of every kind of utterance and trouble is read") {
  auto plan = read(R"({"eventGridUrl":"http://x/","from":"anonymous","hangUpAt":20.5,
    "utterances":[{"say":"Hello."},{"tones":{"first":5,"count":3},"start":"at_time","delay":0},
                  {"pcm":"AQACAA==","rate":16000,"start":"over_assistant","delay":1.5}],
    "dtmf":[{"at":4,"tone":"3"}],"troubles":[{"kind":"stall","at":8,"length":1},
                                         {"kind":"echo","at":2,"delay":0.3,"gainDb":-9.5}],
    "recordingStopsAt":[6],
    "recording":{"chunks":[{"trouble":"late","index":1,"delay":1800},
                           {"trouble":"metadataOfAnother","index":0}],
                 "deafFrom":12,"withoutAssistant":true,"driftPpm":-200,"lostAtChange":0.6}})");
  REQUIRE(plan.has_value());
  REQUIRE(plan->utterances.size() == 3);
  CHECK(plan->utterances[0].samples.size() > 1000);
  CHECK(plan->utterances[0].start == CallerStart::after_assistant);
  CHECK(plan->utterances[1].samples.size() == 36'000);
  CHECK(plan->utterances[2].samples == std::vector<std::int16_t>{1, 2});
  CHECK(plan->utterances[2].delay == 1500ms);
  CHECK(plan->hang_up_at == 20500ms);
  CHECK(plan->media_troubles[0].kind == MediaTroubleKind::stall);
  REQUIRE(plan->media_troubles.size() == 2);
  CHECK(plan->media_troubles[1].kind == MediaTroubleKind::echo);
  CHECK(plan->media_troubles[1].at == 2s);
  CHECK(plan->media_troubles[1].length == 0s);
  CHECK(plan->media_troubles[1].echo_delay == 300ms);
  CHECK(plan->media_troubles[1].echo_gain_db == -9.5);
  CHECK(plan->recording_stops_at[0] == 6s);
  REQUIRE(plan->recording.chunks.size() == 2);
  CHECK(plan->recording.chunks[0].kind == ChunkTroubleKind::late);
  CHECK(plan->recording.chunks[0].index == 1);
  CHECK(plan->recording.chunks[0].delay == 30min);
  CHECK(plan->recording.chunks[1].kind == ChunkTroubleKind::metadata_of_another);
  CHECK(plan->recording.deaf_from == 12s);
  CHECK(plan->recording.without_assistant);
  CHECK_FALSE(plan->recording.without_caller);
  CHECK(plan->recording.drift_ppm == -200);
  CHECK(plan->recording.lost_at_change == 600ms);
}

TEST_CASE("an utterance goes through JSON unchanged") {
  const CallerUtterance utterance{.start = CallerStart::after_silence,
                                  .delay = 250ms,
                                  .samples = {5, -5, 32767},
                                  .rate_hz = 8000,
                                  .label = "here"};
  auto plan = read(R"({"utterances":[)" + utterance_json(utterance) + "]}");
  REQUIRE(plan.has_value());
  const auto& back = plan->utterances.at(0);
  CHECK(back.samples == utterance.samples);
  CHECK(back.rate_hz == 8000);
  CHECK(back.start == utterance.start);
  CHECK(back.delay == 250ms);
  CHECK(back.label == "here");
}

TEST_CASE("a plan that cannot be meant is refused with the member that is wrong") {
  for (const char* text : {"",
                           "[]",
                           R"({"hangUpAt":-1})",
                           R"({"hangUpAt":"soon"})",
                           R"({"utterances":{}})",
                           R"({"utterances":[{}]})",
                           R"({"utterances":[{"say":"x","start":"whenever"}]})",
                           R"({"utterances":[{"wav":"/nowhere.wav"}]})",
                           R"({"utterances":[{"pcm":"!!"}]})",
                           R"({"utterances":[{"pcm":"AQAC"}]})",
                           R"({"utterances":[{"pcm":"AQACAA==","rate":1}]})",
                           R"({"hangupAt":5})",
                           R"({"utterances":[{"say":"x","dealy":1}]})",
                           R"({"utterances":[{"tones":{"frist":1}}]})",
                           R"({"dtmf":[{"at":1,"tone":"3","x":1}]})",
                           R"({"troubles":[{"kind":"cut","at":1,"lenght":2}]})",
                           R"({"dtmf":[{"at":1}]})",
                           R"({"troubles":[{"kind":"storm","at":1}]})",
                           R"({"troubles":[{"kind":"cut","at":1,"gainDb":-6}]})",
                           R"({"troubles":[{"kind":"echo","at":1,"delay":11}]})",
                           R"({"troubles":[{"kind":"echo","at":1,"gainDb":30}]})"}) {
    CAPTURE(text);
    auto plan = read(text);
    REQUIRE_FALSE(plan.has_value());
    CHECK(plan.error().kind == ErrorKind::invalid);
  }
}
