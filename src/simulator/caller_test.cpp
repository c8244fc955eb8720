#include "simulator/caller.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

const std::vector<std::int16_t> silence(480);
const std::vector<std::int16_t> loud(480, 3000);

CallerUtterance utterance(CallerStart start, Duration delay, Duration length) {
  return {.start = start,
          .delay = delay,
          .samples =
              std::vector<std::int16_t>(static_cast<std::size_t>(length.count() * 24 / 1000), 1000),
          .rate_hz = 24000,
          .label = "x"};
}

// The frame in which the next utterance begins; -1 when it does not within `frames`.
int begins_in(Caller& caller, const std::vector<std::int16_t>& heard, int frames) {
  for (int i = 0; i < frames; ++i) {
    std::vector<std::string> started;
    caller.next(heard, started);
    if (!started.empty()) return i;
  }
  return -1;
}

}  // namespace

TEST_CASE("an utterance at a time begins at that time") {
  CallPlan plan;
  plan.utterances = {utterance(CallerStart::at_time, 1s, 100ms)};
  Caller caller(plan, 24000);
  CHECK(begins_in(caller, silence, 100) == 50);
  CHECK_FALSE(caller.has_said_everything());
  CHECK(begins_in(caller, silence, 10) == -1);
  CHECK(caller.has_said_everything());
}

TEST_CASE("an utterance after silence waits for both") {
  CallPlan plan;
  plan.utterances = {utterance(CallerStart::at_time, 0s, 200ms),
                     utterance(CallerStart::after_silence, 500ms, 100ms)};
  Caller caller(plan, 24000);
  CHECK(begins_in(caller, silence, 1) == 0);
  CHECK(begins_in(caller, loud, 100) == -1);
  CHECK(begins_in(caller, silence, 100) == 25);
}

TEST_CASE("an interruption begins while the assistant speaks") {
  CallPlan plan;
  plan.utterances = {utterance(CallerStart::over_assistant, 1s, 100ms)};
  Caller caller(plan, 24000);
  CHECK(begins_in(caller, silence, 200) == -1);
  CHECK(begins_in(caller, loud, 100) == 49);
}

TEST_CASE("an answer waits for the assistant, but not for one who never speaks") {
  CallPlan plan;
  plan.utterances = {utterance(CallerStart::after_assistant, 1s, 100ms)};
  Caller polite(plan, 24000);
  CHECK(begins_in(polite, silence, 100) == -1);
  CHECK(begins_in(polite, loud, 100) == -1);
  CHECK(begins_in(polite, silence, 100) == 50);
  Caller patient(plan, 24000);
  CHECK(begins_in(patient, silence, 1000) == 400);
}

TEST_CASE("utterances that overlap are heard together, clipped and not wrapped") {
  CallPlan plan;
  auto one = utterance(CallerStart::at_time, 0s, 100ms);
  std::fill(one.samples.begin(), one.samples.end(), std::int16_t{30000});
  plan.utterances = {one, one};
  Caller caller(plan, 24000);
  std::vector<std::string> started;
  const auto frame = caller.next(silence, started);
  CHECK(started.size() == 2);
  CHECK(frame.samples[10] == 32767);
  CHECK_FALSE(frame.silent);
}

TEST_CASE("utterances of another rate keep their length") {
  CallPlan plan;
  auto one = utterance(CallerStart::at_time, 0s, 1s);
  one.rate_hz = 48000;  // half a second
  plan.utterances = {one};
  Caller caller(plan, 16000);
  int frames = 0;
  std::vector<std::string> started;
  while (!caller.next(std::vector<std::int16_t>(320), started).silent) ++frames;
  CHECK(frames == 25);
}
