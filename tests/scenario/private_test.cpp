// What is said and keyed while the recording is paused: a card's number, to be found nowhere.
#include "domain/level_meter.hpp"
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr const char* card = "4111 1111 1111 1111";
constexpr const char* keyed = "zero-zero-seven";  // as no word of ours is
constexpr Duration pause_at = 14s;
constexpr Duration resume_at = 30s;

// Words before the pause, a number spoken and keyed within it, words after it.
CallPlan paying_caller() {
  CallPlan plan;
  plan.utterances.push_back(say_tones(CallerStart::at_time, 7s, 0, 4));
  plan.utterances.push_back(say_tones(CallerStart::at_time, 16s, 100, 12));
  plan.utterances.push_back(say_tones(CallerStart::at_time, 32s, 200, 4));
  plan.dtmf = {{8s, "1"}, {17s, "4"}, {17500ms, "1"}, {18s, "1"}, {18500ms, "1"}, {33s, "2"}};
  plan.hang_up_after_quiet = 4s;
  plan.length_max = 2min;
  return plan;
}

WorldOptions options(bool assistant_hears) {
  WorldOptions options;
  auto& caller = options.voice_live.caller_lines;
  auto& assistant = options.voice_live.assistant_lines;
  caller = {"I want to pay.", "That is all."};
  assistant = {"Please tell me your card's number.", "Goodbye."};
  if (assistant_hears) {
    caller.insert(caller.begin() + 1, std::string("My card is ") + card);
    assistant.insert(assistant.begin() + 1, std::string("So it is ") + card + ", thank you.");
  }
  options.environment["PAUSE_ASSISTANT_HEARS"] = assistant_hears ? "true" : "false";
  return options;
}

// A key that ACS tells as an event, which was not asked for and may come all the same.
void post_key_event(World& world) {
  const auto call = world.acs->book().calls().begin()->second;
  net::HttpCall post{
      .method = "POST",
      .url = call->callback_uri(),
      .body = fmt::format(
          R"([{{"id":"key-1","source":"calling/x","type":"Microsoft.Communication.)"
          R"(ContinuousDtmfRecognitionToneReceived","data":{{"callConnectionId":"{}","tone":"{}",)"
          R"("sequenceId":1}},"time":"2026-03-02T09:00:05+00:00","specversion":"1.0"}}])",
          call->ids().connection_id, keyed)};
  post.headers.set("Authorization", "Bearer " + world.acs->identity().callback_token());
  post.headers.set("Content-Type", "application/json");
  CHECK(world.request(std::move(post)).status == 200);
}

int steer(World& world, const std::string& verb) {
  const auto id = World::text(world.recordings().at(0).as_object(), "recordingId");
  return world.api("/api/v1/recordings/" + id + "/" + verb, "POST").status;
}

// Everything that was written: the database with every table, its journal and what was deleted of
// it; ledgers, taps, manifests, recordings, spools.
std::vector<std::string> files_holding(World& world, const std::string& text) {
  std::vector<std::string> found;
  std::size_t read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.directory.path())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    ++read;
    if (content.find(text) != std::string::npos) found.push_back(entry.path().string());
  }
  CHECK(read > 4);
  return found;
}

bool is_silent(const std::vector<std::int16_t>& samples, std::uint32_t rate, double from_s,
               double to_s) {
  const auto first = static_cast<std::size_t>(from_s * rate);
  const auto last = std::min(samples.size(), static_cast<std::size_t>(to_s * rate));
  REQUIRE(first < last);
  return std::all_of(samples.begin() + static_cast<std::ptrdiff_t>(first),
                     samples.begin() + static_cast<std::ptrdiff_t>(last),
                     [](std::int16_t sample) { return sample == 0; });
}

// The wish's own times on the call's clock.
struct Paused {
  double from_s = 0;
  double to_s = 0;
};

void check_tap(World& world, const Paused& paused) {
  const TapSound tap = world.tap();
  CHECK(is_silent(tap.caller, tap.rate_hz, paused.from_s + 0.05, paused.to_s - 0.05));
  CHECK(is_silent(tap.assistant, tap.rate_hz, paused.from_s + 0.05, paused.to_s - 0.05));
  const auto heard = decode_tones(tap.caller, tap.rate_hz, Party::caller);
  std::vector<unsigned> numbers;
  std::ranges::transform(heard, std::back_inserter(numbers), &HeardTone::number);
  CHECK(numbers == std::vector<unsigned>{0, 1, 2, 3, 200, 201, 202, 203});
}

void check_ledger(World& world, const Paused& paused) {
  const std::array<std::int16_t, 480> nothing{};
  const auto silence = level_of(nothing);
  const auto ledgers = world.ledgers();
  REQUIRE(ledgers.size() == 1);
  unsigned seconds_checked = 0;
  for (const auto& second : ledgers[0].seconds) {
    if (second.second <= paused.from_s || second.second + 1 >= paused.to_s) continue;
    ++seconds_checked;
    const auto is_quiet = [&](std::uint8_t level) { return level <= silence; };
    CHECK(std::ranges::all_of(second.caller_levels, is_quiet));
    CHECK(std::ranges::all_of(second.assistant_levels, is_quiet));
  }
  CHECK(seconds_checked > 10);
}

void check_recording(World& world) {
  const StoredSound sound = read_wav(world.recording_audio().body);
  for (const auto& tone : decode_tones(sound.samples, sound.rate_hz, Party::caller))
    CHECK((tone.number < 100 || tone.number >= 200));
}

void check_keys(World& world) {
  unsigned told = 0;
  for (const auto& entry : world.journal_entries()) {
    if (World::text(entry.as_object(), "type") != "keys pressed") continue;
    ++told;
    // Those before and after it alone, and of those how many.
    CHECK(boost::json::serialize(entry.at("detail")).find('2') != std::string::npos);
  }
  CHECK(told == 1);
}

std::vector<std::string> spoken(World& world, const std::string& speaker) {
  std::vector<std::string> texts;
  for (const auto& turn : world.turns())
    if (World::text(turn.as_object(), "speaker") == speaker)
      texts.push_back(World::text(turn.as_object(), "text"));
  return texts;
}

void check_nowhere(World& world) {
  world.stop_service();
  CHECK(files_holding(world, card) == std::vector<std::string>{});
  CHECK(files_holding(world, keyed) == std::vector<std::string>{});
  for (const auto& line : world.log.lines()) {
    CHECK(line.find(card) == std::string::npos);
    CHECK(line.find(keyed) == std::string::npos);
    CHECK(line.find("Dtmf") == std::string::npos);
  }
  world.start_service();
}

void check_verdict(World& world, const Paused& paused) {
  const auto verdict = world.verdict();
  CHECK(World::text(verdict, "kind") == "complete");
  const auto timeline = world.timeline(1);
  unsigned pauses = 0;
  for (const auto& span : timeline.at("spans").as_array()) {
    if (World::text(span.as_object(), "kind") != "paused") continue;
    ++pauses;
    CHECK(std::abs(span.at("fromSeconds").to_number<double>() - paused.from_s) < 0.1);
    CHECK(std::abs(span.at("toSeconds").to_number<double>() - paused.to_s) < 0.1);
  }
  CHECK(pauses == 1);
}

Paused pause_and_resume(World& world, const std::shared_ptr<PlacedCall>& placed,
                        CallReport& report) {
  world.runtime.advance(pause_at);
  const WallTime from = world.runtime.clock().wall_now();
  REQUIRE(steer(world, "pause") == 202);
  world.runtime.advance(5s);
  post_key_event(world);
  world.runtime.advance(resume_at - pause_at - 5s);
  const WallTime to = world.runtime.clock().wall_now();
  REQUIRE(steer(world, "resume") == 202);
  report = world.finish(placed);
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  return {seconds(std::chrono::duration_cast<Duration>(from - report.connected_at)),
          seconds(std::chrono::duration_cast<Duration>(to - report.connected_at))};
}

}  // namespace

TEST_CASE("a number that is spoken and keyed while the recording is paused is found nowhere") {
  World world(options(false));
  CallReport report;
  const Paused paused = pause_and_resume(world, world.place(paying_caller()), report);

  check_verdict(world, paused);
  check_recording(world);
  check_keys(world);
  // The assistant heard silence: for it there was no such turn.
  CHECK(spoken(world, "caller") == std::vector<std::string>{"I want to pay.", "That is all."});
  check_tap(world, paused);
  check_ledger(world, paused);
  check_nowhere(world);
}

TEST_CASE("a number that the assistant is let to hear and says again is found nowhere either") {
  World world(options(true));
  CallReport report;
  const Paused paused = pause_and_resume(world, world.place(paying_caller()), report);

  check_verdict(world, paused);
  check_recording(world);
  // It did hear it, and answered within the pause.
  const auto& items = world.voice_live->items();
  CHECK(std::ranges::count_if(items, [](const GeneratedItem& item) {
          return item.text.find(card) != std::string::npos;
        }) == 1);
  CHECK(spoken(world, "caller") == std::vector<std::string>{"I want to pay.", "That is all."});
  check_tap(world, paused);
  check_ledger(world, paused);
  check_nowhere(world);
}

TEST_CASE("a pause that nobody ends is ended by its limit") {
  WorldOptions limited = options(false);
  limited.environment["PAUSE_MAX_SECONDS"] = "10";
  World world(limited);
  const auto placed = world.place(paying_caller());
  world.runtime.advance(pause_at);
  REQUIRE(steer(world, "pause") == 202);
  world.runtime.advance(9s);
  CHECK(World::text(world.newest_call(), "recordingState") == "paused");
  world.runtime.advance(2s);
  CHECK(World::text(world.newest_call(), "recordingState") == "active");
  CHECK(std::ranges::count(world.journal(), "recording resumed") == 1);
  CHECK(steer(world, "resume") == 409);
  const CallReport report = world.finish(placed);
  world.wait_until_found();
  const StoredSound sound = read_wav(world.recording_audio().body);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::caller);
  CHECK(std::ranges::count(heard, 203U, &HeardTone::number) == 1);
}

TEST_CASE("the caller pauses and resumes with keys, where that is configured") {
  WorldOptions keyed_options = options(false);
  keyed_options.environment["PAUSE_KEYS"] = "*1";
  keyed_options.environment["RESUME_KEYS"] = "*2";
  World world(keyed_options);
  CallPlan plan = paying_caller();
  plan.dtmf = {{13s, "*"}, {13500ms, "1"}, {17s, "4"}, {18s, "1"}, {28s, "*"}, {28500ms, "2"}};
  const auto placed = world.place(plan);
  world.runtime.advance(20s);
  CHECK(World::text(world.newest_call(), "recordingState") == "paused");
  const CallReport report = world.finish(placed);
  world.wait_until_found();
  CHECK(std::ranges::count(world.journal(), "recording resumed") == 1);
  check_recording(world);
  CHECK(spoken(world, "caller") == std::vector<std::string>{"I want to pay.", "That is all."});
}

TEST_CASE("the assistant pauses the recording, and hears that when ACS has confirmed it") {
  WorldOptions with_function = options(false);
  with_function.environment["PAUSE_FUNCTION"] = "true";
  with_function.environment["PAUSE_MAX_SECONDS"] = "15";
  with_function.voice_live.assistant_lines = {"@pause_recording", "Now the number, please.",
                                              "Goodbye."};
  World world(with_function);
  const CallReport report = world.call(paying_caller());
  REQUIRE(report.outcome == CallOutcome::completed);
  world.wait_until_found();
  const auto returned = std::ranges::find_if(world.assistant_events, [](const std::string& what) {
    return what.find("function pause_recording returned") != std::string::npos;
  });
  REQUIRE(returned != world.assistant_events.end());
  CHECK(returned->find(R"("recording":"paused")") != std::string::npos);
  CHECK(std::ranges::any_of(returned, world.assistant_events.end(), [](const std::string& what) {
    return what.find("assistant says: Now the number") != std::string::npos;
  }));
  CHECK(std::ranges::count(world.journal(), "recording paused") == 1);
  CHECK(std::ranges::count(world.journal(), "recording resumed") == 1);
  check_recording(world);
}

TEST_CASE("the assistant hears that its pause failed when ACS refuses") {
  WorldOptions with_function = options(false);
  with_function.environment["PAUSE_FUNCTION"] = "true";
  with_function.voice_live.assistant_lines = {"@pause_recording", "That did not work."};
  World world(with_function);
  world.acs->faults().add({.point = "rest.pause_recording", .status = 400});
  const CallReport report = world.call(paying_caller());
  const auto returned = std::ranges::find_if(world.assistant_events, [](const std::string& what) {
    return what.find("function pause_recording returned") != std::string::npos;
  });
  REQUIRE(returned != world.assistant_events.end());
  CHECK(returned->find("the recording is not paused") != std::string::npos);
}
