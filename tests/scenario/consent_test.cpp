// The recording notice before the recording (RECORDING_CONSENT=notice-first).
#include "base/crypto.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr const char* card = "4111 1111 1111 1111";
constexpr const char* notice_text = "Hear this first: your call is recorded.";

// Each line of the assistant is tones of its own numbers: the notice 0 to 3, the greeting 4 to 7.
WorldOptions notice_first() {
  WorldOptions options;
  options.environment["RECORDING_CONSENT"] = "notice-first";
  options.environment["RECORDING_NOTICE"] = notice_text;
  // The worst case: the assistant hears the caller, and Voice Live says what he said.
  options.environment["PAUSE_ASSISTANT_HEARS"] = "true";
  options.voice_live.caller_lines = {std::string("My card is ") + card, "That is all."};
  options.voice_live.assistant_lines = {"Goodbye.", "Goodbye."};
  return options;
}

// A number spoken and keyed during the notice, words after the greeting.
CallPlan hasty_caller() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 700ms, 100, 3));
  plan.utterances.push_back(say_tones(CallerStart::at_time, 10s, 200, 4));
  plan.dtmf = {{900ms, "4"}, {1100ms, "1"}, {1300ms, "1"}};
  plan.hang_up_after_quiet = 4s;
  plan.length_max = 2min;
  return plan;
}

std::vector<unsigned> numbers(const std::vector<std::int16_t>& samples, std::uint32_t rate,
                              Party party) {
  std::vector<unsigned> out;
  for (const auto& tone : decode_tones(samples, rate, party)) out.push_back(tone.number);
  return out;
}

boost::json::object notice_of(World& world) {
  return world.newest_call().at("recordingNotice").as_object();
}

std::vector<std::filesystem::path> files_of(World& world) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.directory.path()))
    if (entry.is_regular_file()) files.push_back(entry.path());
  return files;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The database with all its tables, spools, ledgers, taps, manifests, ACS's chunks; and the log.
void check_nowhere(World& world, const std::string& text) {
  world.stop_service();
  const auto files = files_of(world);
  CHECK(files.size() > 4);
  for (const auto& path : files) {
    CAPTURE(path.string());
    CHECK(read_all(path).find(text) == std::string::npos);
  }
  for (const auto& line : world.log.lines()) CHECK(line.find(text) == std::string::npos);
  world.start_service();
}

boost::json::object manifest_of(World& world) {
  for (const auto& path : files_of(world))
    if (path.filename() == "manifest.json") return boost::json::parse(read_all(path)).as_object();
  FAIL("there is no manifest");
  return {};
}

bool is_silent_until(const std::vector<std::int16_t>& samples, std::uint32_t rate, double to_s) {
  const auto end = std::min(samples.size(), static_cast<std::size_t>(to_s * rate));
  return std::all_of(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(end),
                     [](std::int16_t sample) { return sample == 0; });
}

boost::json::array alerts(World& world) {
  return world.api("/api/v1/alerts").json().at("alerts").as_array();
}

}  // namespace

TEST_CASE("what is said and keyed during a notice that comes first is found nowhere") {
  World world(notice_first());
  const CallReport report = world.call(hasty_caller());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  REQUIRE(report.recordings.size() == 1);

  // The notice was played, and that is written down.
  const auto notice = notice_of(world);
  CHECK(World::text(notice, "consent") == "notice-first");
  REQUIRE(notice.at("played").as_bool());
  const double from_s = notice.at("fromSeconds").to_number<double>();
  const double to_s = notice.at("toSeconds").to_number<double>();
  CHECK(std::abs(to_s - from_s - 2.0) < 0.05);
  CHECK(from_s < 1.0);
  const auto journal = world.journal();
  CHECK(std::ranges::count(journal, "recording started paused") == 1);
  CHECK(std::ranges::count(journal, "recording notice played") == 1);
  CHECK(std::ranges::count(journal, "recording resumed") +
            std::ranges::count(journal, "recording active") <=
        1);

  // The recording begins right after it: the whole greeting and nothing of the notice is in it.
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(numbers(sound.samples, sound.rate_hz, Party::caller) ==
        std::vector<unsigned>{200, 201, 202, 203});
  const auto said = numbers(sound.samples, sound.rate_hz, Party::assistant);
  REQUIRE(said.size() >= 4);
  CHECK(std::vector<unsigned>(said.begin(), said.begin() + 4) == std::vector<unsigned>{4, 5, 6, 7});
  const double length_s = static_cast<double>(sound.samples.size()) / sound.rate_hz;
  const double began_s = seconds(report.talked) - length_s;
  CHECK(began_s > to_s);
  CHECK(began_s < to_s + 1.0);

  // So do the bridge's own accounts.
  CHECK(std::ranges::count(journal, "keys pressed") == 0);
  for (const auto& turn : world.turns()) CHECK(turn.at("startSeconds").to_number<double>() > to_s);
  const TapSound tap = world.tap();
  CHECK(is_silent_until(tap.caller, tap.rate_hz, to_s));
  CHECK(is_silent_until(tap.assistant, tap.rate_hz, to_s));
  CHECK(numbers(tap.caller, tap.rate_hz, Party::caller) ==
        std::vector<unsigned>{200, 201, 202, 203});
  check_nowhere(world, card);

  // It is whole: its beginning was not to be recorded.
  const auto verdict = world.verdict();
  CAPTURE(boost::json::serialize(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  const auto& counted = verdict.at("numbers").as_object();
  CHECK(counted.at("startDelaySeconds").to_number<double>() < 0.2);
  CHECK(std::abs(counted.at("pausedSeconds").to_number<double>() - began_s) < 0.2);
  CHECK(counted.at("lostSeconds").to_number<double>() == 0);
  CHECK(alerts(world).empty());

  const auto in_manifest = manifest_of(world).at("notice").as_object();
  CHECK(World::text(in_manifest, "consent") == "notice-first");
  CHECK(in_manifest.at("playedSamples").to_number<std::int64_t>() ==
        notice.at("playedSamples").to_number<std::int64_t>());
  CHECK(in_manifest.at("toUs").to_number<double>() / 1e6 == doctest::Approx(to_s));
  const auto hash = crypto::sha256(as_bytes(std::string_view(notice_text)));
  CHECK(World::text(in_manifest, "textSha256") == crypto::to_hex(hash));
}

TEST_CASE("a caller who hangs up during a notice that comes first was not recorded") {
  World world(notice_first());
  CallPlan plan = hasty_caller();
  plan.hang_up_at = 1500ms;
  const CallReport report = world.call(plan);
  REQUIRE(report.outcome == CallOutcome::completed);
  CHECK_FALSE(notice_of(world).at("played").as_bool());

  const auto verdict = world.verdict();
  CAPTURE(boost::json::serialize(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
  const auto& counted = verdict.at("numbers").as_object();
  CHECK(counted.at("expectedSeconds").to_number<double>() == 0);
  CHECK(counted.at("presentSeconds").to_number<double>() == 0);
  CHECK(std::abs(counted.at("pausedSeconds").to_number<double>() - 1.5) < 0.1);
  const auto& findings = verdict.at("findings").as_array();
  CHECK(std::ranges::any_of(findings, [](const auto& finding) {
    return World::text(finding.as_object(), "kind") == "notice_not_played";
  }));
  // Nor is it missed.
  world.runtime.advance(1h);
  CHECK(alerts(world).empty());
  CHECK(World::text(world.recordings().at(0).as_object(), "discovery") == "found");
  check_nowhere(world, card);
  CHECK_FALSE(manifest_of(world).at("notice").as_object().at("played").as_bool());
}

TEST_CASE("a recording that waits for its notice is not resumed by the operator") {
  World world(notice_first());
  const auto placed = world.place(hasty_caller());
  world.runtime.advance(1500ms);
  const auto id = World::text(world.recordings().at(0).as_object(), "recordingId");
  CHECK(World::text(world.newest_call(), "recordingState") == "paused");
  const Reply refused = world.api("/api/v1/recordings/" + id + "/resume", "POST");
  CHECK(refused.status == 409);
  CHECK(refused.body.find("recording notice") != std::string::npos);
  CHECK(world.finish(placed).outcome == CallOutcome::completed);
}

TEST_CASE("a service that dies during a notice that comes first says it again, and keeps nothing") {
  World world(notice_first());
  CallPlan plan = hasty_caller();
  plan.utterances[1].delay = 25s;
  const auto placed = world.place(plan);
  world.runtime.advance(1500ms);
  const auto left_behind = world.directory.path() / "left-behind";
  std::filesystem::copy(world.data_dir(), left_behind, std::filesystem::copy_options::recursive);
  const auto rule = parse_fault("rest.*:status=503");
  REQUIRE(rule.has_value());
  world.acs->faults().add(*rule);
  world.stop_service();
  world.acs->faults().clear();
  world.set_data_dir(left_behind);
  world.start_service();
  const CallReport report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();

  REQUIRE(report.recordings.size() == 1);
  const auto notice = notice_of(world);
  REQUIRE(notice.at("played").as_bool());
  const double to_s = notice.at("toSeconds").to_number<double>();
  CHECK(to_s > 4);
  const StoredSound sound = read_wav(world.recording_audio().body);
  CHECK(numbers(sound.samples, sound.rate_hz, Party::caller) ==
        std::vector<unsigned>{200, 201, 202, 203});
  // Neither the first notice nor the second: the whole greeting, from its first tone on.
  const auto said = numbers(sound.samples, sound.rate_hz, Party::assistant);
  REQUIRE(said.size() >= 4);
  CHECK(said.front() >= 8);
  CHECK(said.front() % 4 == 0);
  CHECK(said[3] == said[0] + 3);
  const TapSound tap = world.tap();
  CHECK(is_silent_until(tap.caller, tap.rate_hz, to_s));
  check_nowhere(world, card);
  const auto verdict = world.verdict();
  CAPTURE(boost::json::serialize(verdict));
  CHECK(World::text(verdict, "kind") == "complete");
}

TEST_CASE("the play-out record of a notice within the recording is in its manifest") {
  World world;
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms, 0, 4));
  plan.hang_up_after_quiet = 4s;
  const CallReport report = world.call(plan);
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  static_cast<void>(world.verdict());
  const auto notice = manifest_of(world).at("notice").as_object();
  const auto verdict = world.api("/api/v1/calls/" + world.newest_call_id() + "/verdict");
  REQUIRE(verdict.status == 200);
  CHECK(verdict.json().at("recordingNotice").as_object() == notice_of(world));
  CHECK(World::text(notice, "consent") == "record-first");
  REQUIRE(notice.at("played").as_bool());
  CHECK(notice.at("playedSamples").to_number<std::int64_t>() > 0);
  CHECK(notice.at("toUs").to_number<std::int64_t>() >
        notice.at("fromUs").to_number<std::int64_t>());
}

// The caller says a word while the assistant is asked for the notice: turn detection begins a
// response right before, and the request for the notice is refused.
TEST_CASE("a response of the assistant's own right before the notice is not taken for it") {
  auto options = notice_first();
  options.voice_live.assistant_lines = {"!How may I help?", "Goodbye.", "Goodbye.",
                                        "Goodbye.",         "Goodbye.", "Goodbye."};
  World world(std::move(options));
  REQUIRE(world.call(hasty_caller()).outcome == CallOutcome::completed);
  world.wait_until_found();

  // The assistant's own line is cut short, and the notice said whole.
  const auto& items = world.voice_live->items();
  REQUIRE(items.size() >= 2);
  CHECK(items[0].text == "How may I help?");
  CHECK(items[0].cancelled);
  CHECK(items[1].text == notice_text);
  const auto notice = notice_of(world);
  REQUIRE(notice.at("played").as_bool());
  const double length_s = static_cast<double>(items[1].samples) / items[1].sample_rate_hz;
  const double to_s = notice.at("toSeconds").to_number<double>();
  CHECK(std::abs(to_s - notice.at("fromSeconds").to_number<double>() - length_s) < 0.05);
  const auto journal = world.journal();
  CHECK(std::ranges::count(journal, "recording notice played") == 1);

  // Nothing of the time before its end was kept.
  const TapSound tap = world.tap();
  CHECK(is_silent_until(tap.caller, tap.rate_hz, to_s));
  CHECK(is_silent_until(tap.assistant, tap.rate_hz, to_s));
  check_nowhere(world, card);
}
