// The assistant cannot be reached: what the caller hears, and how the call ends.
#include "bridge/unreachable_notice.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

// The assistant's side of the recording, which the phone has truly played: unmixed.
WorldOptions away(std::map<std::string, std::string> also = {}) {
  also.emplace("RECORDING_CHANNEL_TYPE", "unmixed");
  // More refusals than any call of these tests can make.
  return {.voice_live = {.faults = {.refuse_connects = 1000}}, .environment = std::move(also)};
}

CallPlan patient_caller() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 2s, 0, 4));
  plan.hang_up_at = 40s;
  return plan;
}

struct Place {
  double at_s = 0;
  double likeness = 0;  // 1: the same but for its loudness
};

// Where `sought` is most alike in `sound`: every tenth sample, then every one around the best.
Place find_sound(const std::vector<std::int16_t>& sound, const std::vector<std::int16_t>& sought,
                 std::uint32_t rate_hz) {
  const auto likeness_at = [&](std::size_t offset) {
    double both = 0;
    double left = 0;
    double right = 0;
    for (std::size_t i = 0; i < sought.size(); i += 7) {
      const double a = sound[offset + i];
      const double b = sought[i];
      both += a * b;
      left += a * a;
      right += b * b;
    }
    return left > 0 && right > 0 ? both / std::sqrt(left * right) : 0;
  };
  REQUIRE(sound.size() > sought.size());
  std::size_t first = 0;
  while (first + sought.size() + 1 < sound.size() && std::abs(sound[first]) < 50) ++first;
  Place best;
  const std::size_t from = first > rate_hz / 5 ? first - rate_hz / 5 : 0;
  const std::size_t to = std::min(first + rate_hz / 5, sound.size() - sought.size());
  for (std::size_t offset = from; offset < to; ++offset) {
    const double likeness = likeness_at(offset);
    if (likeness > best.likeness) best = {static_cast<double>(offset) / rate_hz, likeness};
  }
  return best;
}

Place find_notice(World& world, const CallReport& report) {
  world.wait_until_found();
  const StoredSound sound = read_wav(world.recording_audio().body, 2);
  // The product's own reading of its bundled file; what was played went over the wire.
  const auto notice = bridge::unreachable_notice({}, sound.rate_hz);
  REQUIRE(notice.size() > 3 * sound.rate_hz);
  Place place = find_sound(sound.channel(1), notice, sound.rate_hz);
  place.at_s += seconds(report.recordings.at(0).started_at);
  return place;
}

std::ptrdiff_t notes(World& world, const std::string& type) {
  return std::ranges::count(world.journal(), type);
}

}  // namespace

TEST_CASE("an assistant that stays away for 5 s is excused to the caller, and the call is ended") {
  World world(away());
  const CallReport report = world.call(patient_caller());
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK(report.end_reason == "the application hung up");
  const Place notice = find_notice(world, report);
  CHECK(notice.likeness > 0.95);
  // 5 s after the media socket, and then to the phone: 150 to 400 ms.
  CHECK(notice.at_s > 5.0);
  CHECK(notice.at_s < 6.5);
  // All of it was played before the call was ended: it lasts 5 s or so.
  CHECK(report.samples_flushed == 0);
  CHECK(seconds(report.talked) > notice.at_s + 4);
  CHECK(seconds(report.talked) < notice.at_s + 9);
  CHECK(World::text(world.newest_call(), "endReason") == "the assistant is unreachable");
  CHECK(world.voice_live->sessions_opened() == 0);
  CHECK(notes(world, "assistant unreachable") == 1);
  // What the caller said is recorded all the same.
  const StoredSound sound = read_wav(world.recording_audio().body, 2);
  CHECK(decode_tones(sound.channel(0), sound.rate_hz, Party::caller).size() == 4);
}

TEST_CASE("an assistant that stays away is excused, and the call goes on where so configured") {
  World world(away({{"HANG_UP_WHEN_UNREACHABLE", "false"}}));
  const auto placed = world.place(patient_caller());
  world.runtime.advance(20s);
  // It comes back: the caller is greeted after all.
  world.voice_live->faults().refuse_connects = 0;
  const CallReport report = world.finish(placed);
  CHECK(report.end_reason == "the caller hung up");
  const Place notice = find_notice(world, report);
  CHECK(notice.likeness > 0.95);
  CHECK(notice.at_s < 6.5);
  CHECK(world.voice_live->sessions_opened() == 1);
  const StoredSound sound = read_wav(world.recording_audio().body, 2);
  const auto spoken = decode_tones(sound.channel(1), sound.rate_hz, Party::assistant);
  REQUIRE(spoken.size() >= 2 * NumberedSpeech::tones_a_line);
  CHECK(spoken[0].number == 0);
  CHECK(notes(world, "assistant reachable") == 1);
}

TEST_CASE("an assistant that is away for less than 5 s is waited for in silence") {
  World world(away());
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 25s, 0, 4));
  plan.hang_up_at = 40s;
  const auto placed = world.place(plan);
  world.runtime.advance(4s);
  world.voice_live->faults().refuse_connects = 0;
  const CallReport report = world.finish(placed);
  CHECK(report.end_reason == "the caller hung up");
  world.wait_until_found();
  const StoredSound sound = read_wav(world.recording_audio().body, 2);
  const auto spoken = decode_tones(sound.channel(1), sound.rate_hz, Party::assistant);
  REQUIRE(spoken.size() >= 2 * NumberedSpeech::tones_a_line);
  // Nothing but the assistant was played.
  CHECK(report.samples_played == static_cast<std::int64_t>(world.speech.tones_spoken()) * 12000);
  CHECK(notes(world, "assistant unreachable") == 0);
}
