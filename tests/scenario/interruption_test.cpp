// A caller speaks over the assistant.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

TEST_CASE("an interrupted assistant falls silent, and is told what the caller heard of it") {
  // One delay for the whole line: what is left is what the service cannot know, that delay less its
  // own estimate of it (250 ms).
  for (const Duration delay : {150ms, 250ms, 400ms}) {
    CAPTURE(delay.count());
    World world({.acs = {.line_delay_min = delay, .line_delay_max = delay}});
    CallPlan plan;
    plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 2));
    // The answer lasts 2 s.
    plan.utterances.push_back(say_tones(CallerStart::over_assistant, 800ms, 10, 4));
    plan.hang_up_after_quiet = 3s;
    plan.length_max = 60s;
    const CallReport report = world.call(plan);
    REQUIRE(report.outcome == CallOutcome::completed);

    std::vector<StopAudioReport> cuts;
    std::ranges::copy_if(report.stop_audios, std::back_inserter(cuts),
                         &StopAudioReport::while_playing);
    REQUIRE(cuts.size() == 1);
    CHECK(cuts[0].samples_dropped > 0);

    // Notice and greeting were heard in full, and 800 ms of the answer before the caller spoke.
    const auto& items = world.voice_live->items();
    REQUIRE(items.size() == 4);
    CHECK(items[0].truncated_at_ms == -1);
    CHECK(items[1].truncated_at_ms == -1);
    CHECK(items[3].truncated_at_ms == -1);
    const auto before = static_cast<std::int64_t>(items[0].samples + items[1].samples);
    REQUIRE(report.played_runs.size() >= 2);
    const auto cut_run = std::ranges::find_if(report.played_runs, &PlayedRun::flushed);
    REQUIRE(cut_run != report.played_runs.end());
    std::int64_t played = 0;
    for (auto run = report.played_runs.begin(); run != std::next(cut_run); ++run)
      played += run->samples;
    const auto heard_ms = (played - before) * 1000 / report.rate_hz;
    CAPTURE(heard_ms);
    CAPTURE(items[2].truncated_at_ms);
    REQUIRE(items[2].truncated_at_ms >= 0);
    // StopAudio takes effect at the phone where it arrives, so the phone has then played so much
    // less than the virtual position as the line delays.
    const auto unknown_ms = std::abs((delay - Duration(250ms)).count()) / 1000;
    CHECK(std::abs(items[2].truncated_at_ms - heard_ms) <= unknown_ms + 20);

    const auto turns = world.turns();
    REQUIRE(turns.size() == 6);
    for (std::size_t i = 0; i < turns.size(); ++i) {
      CAPTURE(i);
      CHECK(turns[i].at("interrupted").as_bool() == (i == 3));
    }
    const auto& cut = turns[3].as_object();
    CHECK(World::text(cut, "speaker") == "assistant");
    CHECK(World::text(cut, "text").size() < World::text(cut, "generatedText").size());
    const double length = cut.at("endSeconds").as_double() - cut.at("startSeconds").as_double();
    CHECK(std::abs(length * 1000 - static_cast<double>(items[2].truncated_at_ms)) < 5);

    // The recording holds what was played and no more: the cut answer is a beginning of its tones,
    // the next one is whole.
    world.wait_until_found();
    const StoredSound sound = read_wav(world.recording_audio().body);
    const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::assistant);
    // A last tone of less than about 50 ms is not decoded.
    const auto whole = static_cast<std::size_t>(heard_ms + 100) / 500;
    REQUIRE(heard.size() >= 12);
    const std::size_t of_cut = heard.size() - 12;
    CHECK((of_cut == whole || of_cut == whole + 1));
    for (std::size_t i = 0; i < heard.size(); ++i)
      CHECK(heard[i].number == (i < 8 + of_cut ? i : 12 + i - 8 - of_cut));
  }
}
