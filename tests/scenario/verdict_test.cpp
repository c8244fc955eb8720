// Whole calls in fair and bad weather, each with its verdict.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <fmt/format.h>
#include <random>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace json = boost::json;

namespace {

CallPlan two_turns() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 6));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 6, 4));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 90s;
  return plan;
}

// Sound that resembles itself nowhere, in syllables of uneven length, as a voice does.
std::vector<std::int16_t> babble(Duration length) {
  std::mt19937 dice(5);
  std::uniform_int_distribution<int> sample(-20'000, 20'000);
  std::uniform_int_distribution<int> syllable(1'500, 8'000);
  std::vector<std::int16_t> samples(static_cast<std::size_t>(length / 1ms) * 24);
  for (std::size_t at = 0; at < samples.size();) {
    const auto end = std::min(samples.size(), at + static_cast<std::size_t>(syllable(dice)));
    // No brighter than a voice.
    for (int low = 0; at < end; ++at) {
      low += (sample(dice) - low) / 6;
      samples[at] = static_cast<std::int16_t>(low);
    }
    at += static_cast<std::size_t>(syllable(dice)) / 2;
  }
  return samples;
}

double number(const json::object& verdict, const char* name) {
  return verdict.at("numbers").as_object().at(name).to_number<double>();
}

bool found(const json::object& verdict, std::string_view kind) {
  return std::ranges::any_of(verdict.at("findings").as_array(), [&](const json::value& one) {
    return World::text(one.as_object(), "kind") == kind;
  });
}

// What a failed check shows.
std::string all_of(const json::object& verdict) {
  std::string text = World::text(verdict, "kind") + json::serialize(verdict.at("numbers")) +
                     json::serialize(verdict.at("gaps"));
  for (const auto& finding : verdict.at("findings").as_array())
    text += "\n" + World::text(finding.as_object(), "kind") + ": " +
            World::text(finding.as_object(), "detail");
  return text;
}

}  // namespace

TEST_CASE("a call that went well is complete, on the word of both witnesses") {
  World world({.acs = {.chunk_length = 5s}});
  const CallReport report = world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(verdict.at("corroborated").as_bool());
  CHECK(number(verdict, "lostSeconds") == 0);
  CHECK(number(verdict, "callSeconds") == doctest::Approx(seconds(report.talked)).epsilon(0.005));
  CHECK(number(verdict, "presentSeconds") ==
        doctest::Approx(seconds(report.recordings[0].length)).epsilon(0.005));
  CHECK(number(verdict, "callerHeardSeconds") > 3);
  CHECK(number(verdict, "assistantHeardSeconds") > 3);
  CHECK(world.text(world.newest_call().at("verdict").as_object(), "kind") == "complete");
}

TEST_CASE("a voice is placed by its waveform, with an uncertainty of milliseconds") {
  World world({.acs = {.chunk_length = 15s}});
  CallPlan plan;
  plan.utterances.push_back({.start = CallerStart::after_assistant,
                             .delay = 800ms,
                             .samples = babble(6s),
                             .rate_hz = 24'000,
                             .label = "babble"});
  plan.hang_up_after_quiet = 3s;
  world.call(std::move(plan));
  const auto verdict = world.verdict();
  CAPTURE(json::serialize(verdict));
  CHECK(std::ranges::any_of(verdict.at("clockMapping").as_array(), [](const json::value& one) {
    const auto& piece = one.as_object();
    return World::text(piece, "side") == "caller" && World::text(piece, "basis") == "waveform" &&
           std::abs(piece.at("shiftMs").to_number<double>()) < 25 &&
           piece.at("uncertaintyMs").to_number<double>() < 10;
  }));
}

TEST_CASE("a chunk that is lost is a gap with a name, and alarms") {
  World world({.acs = {.chunk_length = 5s, .files = {.missing_chunks = "1"}}});
  const CallReport report = world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(number(verdict, "lostSeconds") == doctest::Approx(5).epsilon(0.01));
  CHECK(found(verdict, "missing_index"));
  const auto& gaps = verdict.at("gaps").as_array();
  const auto lost =
      std::ranges::find_if(gaps, [](const json::value& gap) { return gap.at("counts").as_bool(); });
  REQUIRE(lost != gaps.end());
  CHECK(World::text(lost->as_object(), "cause") == "chunk_missing");
  CHECK(lost->at("fromSeconds").to_number<double>() ==
        doctest::Approx(seconds(report.recordings[0].started_at) + 5).epsilon(0.02));
  // It is given by the deadline, since chunk 1 is looked for until then.
  CHECK(world.log.contains("verdict_gapped"));
}

TEST_CASE("a torn upload is a gap from where the file ends") {
  World world({.acs = {.chunk_length = 5s, .files = {.torn_chunks = "0"}}});
  world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(found(verdict, "chunk_torn"));
  CHECK(number(verdict, "lostSeconds") == doctest::Approx(2.5).epsilon(0.01));
}

TEST_CASE("exports that come twice, and swapped words in their metadata, are named and no loss") {
  World world({.acs = {.chunk_length = 5s, .files = {.export_twice = true, .swap_types = true}}});
  world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(found(verdict, "metadata_swapped"));
}

TEST_CASE("two recordings of a call make one timeline, with what lies between them") {
  World world;
  CallPlan plan = two_turns();
  plan.recording_stops_at = {8s};
  world.call(std::move(plan));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(found(verdict, "several_recordings"));
  const auto& gaps = verdict.at("gaps").as_array();
  CHECK(std::ranges::any_of(gaps, [](const json::value& gap) {
    return World::text(gap.as_object(), "cause") == "recording_stopped";
  }));
}

TEST_CASE("a call whose recording never starts gets its verdict soon after its end") {
  World world({.acs = {.faults = {*parse_fault("rest.start_recording:status=403")}}});
  world.call(two_turns());
  const auto verdict = world.verdict(1, 1min);
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "failed");
  CHECK(number(verdict, "presentSeconds") == 0);
}

TEST_CASE("a recording of which nothing ever appears is missing by the deadline") {
  World world({.acs = {.files = {.missing_chunks = "0"}}});
  world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "missing");
  CHECK(World::text(world.newest_call().at("verdict").as_object(), "kind") == "missing");
}

namespace {

CallPlan with(RecordingTroubles troubles) {
  CallPlan plan = two_turns();
  plan.recording = std::move(troubles);
  return plan;
}

WorldOptions short_chunks() { return {.acs = {.chunk_length = 5s}}; }

json::object verdict_with(RecordingTroubles troubles) {
  World world(short_chunks());
  world.call(with(std::move(troubles)));
  return world.verdict();
}

const json::object& counted_gap(const json::object& verdict) {
  const auto& gaps = verdict.at("gaps").as_array();
  const auto lost =
      std::ranges::find_if(gaps, [](const json::value& gap) { return gap.at("counts").as_bool(); });
  REQUIRE(lost != gaps.end());
  return lost->as_object();
}

// Files of the newest call's own copy, wherever they are by now.
void remove_copies(World& world, std::string_view spooled, std::string_view stored) {
  const std::string call = world.newest_call_id();
  world.stop_service();
  namespace fs = std::filesystem;
  std::vector<fs::path> doomed;
  for (const auto& entry : fs::recursive_directory_iterator(world.directory.path())) {
    const std::string path = entry.path().string();
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || path.find(call) == std::string::npos) continue;
    if (name.ends_with(spooled) || name.starts_with(stored)) doomed.push_back(entry.path());
  }
  CHECK_FALSE(doomed.empty());
  for (const auto& path : doomed) fs::remove(path);
  world.start_service();
}

}  // namespace

TEST_CASE("a chunk that comes half an hour late makes a second verdict, and the first one stays") {
  World world(short_chunks());
  auto placed =
      world.place(with({.chunks = {{.kind = ChunkTroubleKind::late, .index = 1, .delay = 30min}}}));
  world.runtime.advance(1s);
  world.wait_until([&] { return World::text(world.newest_call(), "state") == "ended"; });
  const auto first = world.verdict(1);
  CAPTURE(all_of(first));
  CHECK(World::text(first, "kind") == "gapped");
  CHECK(World::text(counted_gap(first), "cause") == "chunk_missing");
  const auto second = world.verdict(2, 1h);
  CAPTURE(all_of(second));
  CHECK(World::text(second, "kind") == "complete");
  CHECK(second.at("given").as_array().size() == 2);
  CHECK(World::text(world.verdict(1), "kind") == "gapped");
  world.wait_until([&] { return placed->report.has_value(); }, 1h);
}

TEST_CASE("a chunk of no bytes is a gap by that name") {
  const auto verdict = verdict_with({.chunks = {{.kind = ChunkTroubleKind::empty, .index = 1}}});
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(World::text(counted_gap(verdict), "cause") == "chunk_empty");
  CHECK(found(verdict, "chunk_empty"));
}

TEST_CASE("metadata that is absent or another call's costs no verdict, and is named") {
  SUBCASE("absent") {
    const auto verdict =
        verdict_with({.chunks = {{.kind = ChunkTroubleKind::metadata_missing, .index = 1}}});
    CAPTURE(all_of(verdict));
    CHECK(World::text(verdict, "kind") == "complete");
    CHECK(found(verdict, "metadata_missing"));
  }
  SUBCASE("another call's") {
    const auto verdict =
        verdict_with({.chunks = {{.kind = ChunkTroubleKind::metadata_of_another, .index = 1}}});
    CAPTURE(all_of(verdict));
    CHECK(World::text(verdict, "kind") == "complete");
    CHECK(found(verdict, "metadata_of_another_call"));
  }
}

TEST_CASE("one chunk that is exported twice is no loss") {
  const auto verdict =
      verdict_with({.chunks = {{.kind = ChunkTroubleKind::duplicated, .index = 1}}});
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
}

TEST_CASE("a recorder that stops half way truncates, though ACS says that it was active") {
  const auto verdict = verdict_with({.deaf_from = 9s});
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "truncated");
  CHECK(World::text(counted_gap(verdict), "cause") == "tail_lost");
  CHECK(found(verdict, "tail_loss"));
}

TEST_CASE("a recording without the assistant's voice is silent, by the ledger's word") {
  World world;
  world.call(with({.without_assistant = true}));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "silent");
  CHECK(found(verdict, "party_silent"));
  CHECK(number(verdict, "assistantHeardSeconds") == 0);
  CHECK(number(verdict, "callerHeardSeconds") > 3);
}

TEST_CASE("an mp3 recording is judged by its sound, as a WAV is") {
  const auto mp3 =
      WorldOptions{.acs = {.chunk_length = 8s}, .environment = {{"RECORDING_FORMAT", "mp3"}}};
  SUBCASE("complete") {
    World world(mp3);
    world.call(two_turns());
    const auto verdict = world.verdict();
    CAPTURE(all_of(verdict));
    CHECK(World::text(verdict, "kind") == "complete");
    CHECK(verdict.at("corroborated").as_bool());
    CHECK_FALSE(found(verdict, "not_examined"));
    CHECK_FALSE(found(verdict, "unaligned"));
    CHECK(number(verdict, "callerHeardSeconds") > 3);
    CHECK(number(verdict, "assistantHeardSeconds") > 3);
  }
  SUBCASE("without the assistant's voice") {
    World world(mp3);
    world.call(with({.without_assistant = true}));
    const auto verdict = world.verdict();
    CAPTURE(all_of(verdict));
    CHECK(World::text(verdict, "kind") == "silent");
    CHECK(found(verdict, "party_silent"));
    CHECK(number(verdict, "assistantHeardSeconds") == 0);
    CHECK(number(verdict, "callerHeardSeconds") > 3);
  }
}

TEST_CASE("an unmixed recording without the assistant's voice names its channel") {
  World world({.environment = {{"RECORDING_CHANNEL_TYPE", "unmixed"}}});
  world.call(with({.without_assistant = true}));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "silent");
  CHECK(found(verdict, "assistant_channel_absent"));
}

TEST_CASE("a call across midnight UTC is one timeline") {
  World world(short_chunks());
  const auto midnight = *parse_iso8601("2026-03-03T00:00:00Z");
  world.runtime.clock().set_wall(midnight - 8s);
  world.call(two_turns());
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(verdict.at("corroborated").as_bool());
}

TEST_CASE("a stall of five seconds and its burst move nothing") {
  World world(short_chunks());
  CallPlan plan = two_turns();
  plan.media_troubles.push_back({.kind = MediaTroubleKind::stall, .at = 10s, .length = 5s});
  world.call(std::move(plan));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
}

TEST_CASE("a recorder whose clock drifts by 200 ppm loses nothing") {
  const auto verdict = verdict_with({.drift_ppm = 200});
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(number(verdict, "lostSeconds") == 0);
}

TEST_CASE("without the ledger a verdict rests on ACS alone and says so") {
  World world(short_chunks());
  world.call(two_turns());
  remove_copies(world, ".ledger", "ledger-");
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK_FALSE(verdict.at("corroborated").as_bool());
  CHECK(found(verdict, "uncorroborated"));
  CHECK(found(verdict, "ledger_lost"));
}

TEST_CASE("without the tap a verdict stands, and says that nothing could be mended from it") {
  World world(short_chunks());
  world.call(two_turns());
  remove_copies(world, ".tap", "tap-");
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  CHECK(verdict.at("corroborated").as_bool());
  CHECK(found(verdict, "tap_lost"));
}

TEST_CASE("what lies between two recordings is filled from the bridge's own copy, to be heard") {
  World world;
  CallPlan plan = two_turns();
  plan.recording_stops_at = {8s};
  world.call(std::move(plan));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(counted_gap(verdict).at("repaired").as_bool());
  CHECK(number(verdict, "repairedSeconds") > 0.2);
  const auto timeline = world.timeline(1);
  const auto& spans = timeline.at("spans").as_array();
  CHECK(std::ranges::any_of(spans, [](const json::value& span) {
    return World::text(span.as_object(), "kind") == "repaired" &&
           World::text(span.as_object(), "source") == "tap";
  }));
  const Reply audio =
      world.api("/api/v1/calls/" + world.newest_call_id() + "/audio?source=repaired");
  REQUIRE(audio.status == 200);
  const StoredSound sound = read_wav(audio.body);
  CHECK(static_cast<double>(sound.samples.size()) / sound.rate_hz ==
        doctest::Approx(number(verdict, "callSeconds")).epsilon(0.01));
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  REQUIRE(heard.size() == 10);
  for (unsigned i = 0; i < heard.size(); ++i) CHECK(heard[i].number == i);
}

TEST_CASE("what the recorder missed between two chunks of one recording is named and mended") {
  World world({.acs = {.chunk_length = 7s}});
  CallPlan plan = two_turns();
  plan.recording.lost_at_change = 600ms;
  const CallReport report = world.call(std::move(plan));
  const auto verdict = world.verdict();
  CAPTURE(all_of(verdict));
  CHECK(World::text(verdict, "kind") == "gapped");
  CHECK(World::text(counted_gap(verdict), "cause") == "between_chunks");
  CHECK(counted_gap(verdict).at("repaired").as_bool());
  REQUIRE(report.recordings.size() == 1);
  const auto changes = static_cast<double>(report.recordings[0].chunks.size() - 1);
  CHECK(changes >= 1);
  CHECK(number(verdict, "lostSeconds") == doctest::Approx(0.6 * changes).epsilon(0.05));
}
