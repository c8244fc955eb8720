// Calls that overlap: nothing of one is found in another's recording, tap, turns or journal.
#include "tests/scenario/world.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <set>

using namespace earshot;
using namespace earshot::scenario;
using namespace earshot::simulator;

namespace {

constexpr unsigned calls = 5;
constexpr unsigned tones_a_call = 8;

unsigned first_tone(unsigned call) { return 100 * (call + 1); }

CallPlan plan_of(unsigned call) {
  CallPlan plan;
  plan.from = fmt::format("+1555010{}", call);
  plan.utterances.push_back(
      say_tones(CallerStart::after_assistant, 800ms, first_tone(call), tones_a_call / 2));
  plan.utterances.push_back(say_tones(CallerStart::after_assistant, 800ms,
                                      first_tone(call) + tones_a_call / 2, tones_a_call / 2));
  plan.hang_up_after_quiet = 3s;
  plan.length_max = 2min;
  return plan;
}

std::vector<std::string> lines() {
  std::vector<std::string> all;
  all.reserve(64);
  for (int i = 0; i < 64; ++i) all.push_back(fmt::format("answer number {}", i));
  return all;
}

// Which of the assistant's tones belong to which session: an item is four tones, in order of items.
std::set<std::string> sessions_of(const World& world, const std::vector<HeardTone>& heard) {
  std::set<std::string> sessions;
  const auto& items = world.voice_live->items();
  for (const auto& tone : heard)
    sessions.insert(items.at(tone.number / NumberedSpeech::tones_a_line).session_id);
  return sessions;
}

std::vector<unsigned> tones_of(const World& world, const std::string& session) {
  std::vector<unsigned> tones;
  const auto& items = world.voice_live->items();
  for (unsigned item = 0; item < items.size(); ++item)
    for (unsigned i = 0; items[item].session_id == session && i < NumberedSpeech::tones_a_line; ++i)
      tones.push_back(item * NumberedSpeech::tones_a_line + i);
  return tones;
}

std::vector<unsigned> numbers(const std::vector<HeardTone>& heard) {
  std::vector<unsigned> out;
  out.reserve(heard.size());
  for (const auto& tone : heard) out.push_back(tone.number);
  return out;
}

// What the simulator says was said in a session: "… sess_1 caller said: caller turn 3".
std::set<std::string> told(const World& world, const std::string& session,
                           const std::string& verb) {
  std::set<std::string> texts;
  const std::string mark = session + " " + verb + ": ";
  for (const auto& event : world.assistant_events)
    if (const auto at = event.find(mark); at != std::string::npos)
      texts.insert(event.substr(at + mark.size()));
  return texts;
}

std::string context_of(World& world, const CallReport& report) {
  const auto listed = world.api("/api/v1/calls").json();
  for (const auto& call : listed.at("calls").as_array())
    if (World::text(call.as_object(), "correlationId") == report.correlation_id)
      return World::text(call.as_object(), "contextId");
  FAIL("the service does not know the call");
  return {};
}

struct Account {
  CallReport report;
  std::string context;
  std::string session;
};

void check_sound(World& world, Account& account, unsigned call) {
  std::vector<unsigned> said;
  said.reserve(tones_a_call);
  for (unsigned i = 0; i < tones_a_call; ++i) said.push_back(first_tone(call) + i);
  REQUIRE(account.report.recordings.size() == 1);
  const auto audio = world.recording_audio(account.report.recordings[0].recording_id);
  REQUIRE(audio.status == 200);
  const StoredSound sound = read_wav(audio.body);
  CHECK(numbers(decode_tones(sound.samples, sound.rate_hz, Party::caller)) == said);
  const auto heard = decode_tones(sound.samples, sound.rate_hz, Party::assistant);
  const auto sessions = sessions_of(world, heard);
  REQUIRE(sessions.size() == 1);
  account.session = *sessions.begin();
  CHECK(numbers(heard) == tones_of(world, account.session));

  const TapSound tap = world.tap(account.context);
  CHECK(numbers(decode_tones(tap.caller, tap.rate_hz, Party::caller)) == said);
  CHECK(numbers(decode_tones(tap.assistant, tap.rate_hz, Party::assistant)) ==
        tones_of(world, account.session));
}

void check_words(World& world, const Account& account, unsigned call) {
  std::set<std::string> by_caller;
  std::set<std::string> by_assistant;
  for (const auto& turn : world.turns(account.context)) {
    const auto& shown = turn.as_object();
    (World::text(shown, "speaker") == "caller" ? by_caller : by_assistant)
        .insert(World::text(shown, "text"));
  }
  CHECK(by_caller == told(world, account.session, "caller said"));
  CHECK(by_assistant == told(world, account.session, "assistant says"));
  CHECK(by_caller.size() == 2);
  CHECK(by_assistant.size() == 4);
  const auto shown = world.api("/api/v1/calls/" + account.context).json();
  CHECK(World::text(shown.as_object(), "caller") == fmt::format("+1555010{}", call));
}

void check_journal(World& world, const std::vector<Account>& accounts, unsigned call) {
  const std::string journal = boost::json::serialize(world.journal_entries(accounts[call].context));
  for (unsigned other = 0; other < calls; ++other) {
    CAPTURE(other);
    const CallReport& report = accounts[other].report;
    const bool own = other == call;
    // Beside these the journal names the connection, which an answer overtaken by events may not.
    CHECK((journal.find(report.recordings.at(0).recording_id) != std::string::npos) == own);
    if (own) continue;
    CHECK(journal.find(report.connection_id) == std::string::npos);
    CHECK(journal.find(accounts[other].context) == std::string::npos);
  }
  const auto types = world.journal(accounts[call].context);
  for (const char* type : {"event IncomingCall", "event CallConnected", "media socket opened",
                           "recording started", "recording active", "recording_notice_said",
                           "call ended", "event CallDisconnected", "recording chunks discovered"}) {
    CAPTURE(std::string(type));
    CHECK(std::ranges::count(types, type) == 1);
  }
}

}  // namespace

TEST_CASE("of several calls at once nothing of one is found in another") {
  World world({.acs = {.chunk_length = 8s}, .voice_live = {.assistant_lines = lines()}});
  std::vector<std::shared_ptr<PlacedCall>> placed;
  for (unsigned call = 0; call < calls; ++call) {
    placed.push_back(world.place(plan_of(call)));
    world.runtime.advance(1300ms);
  }
  CHECK(world.voice_live->sessions_open() == calls);
  std::vector<Account> accounts;
  accounts.reserve(calls);
  for (const auto& one : placed) accounts.push_back({.report = world.finish(one)});
  world.wait_until_all_found(calls);

  std::set<std::string> sessions;
  for (unsigned call = 0; call < calls; ++call) {
    CAPTURE(call);
    auto& account = accounts[call];
    REQUIRE(account.report.outcome == CallOutcome::completed);
    CHECK(account.report.frames_lost == 0);
    account.context = context_of(world, account.report);
    check_sound(world, account, call);
    check_words(world, account, call);
    sessions.insert(account.session);
  }
  CHECK(sessions.size() == calls);
  for (unsigned call = 0; call < calls; ++call) {
    CAPTURE(call);
    check_journal(world, accounts, call);
  }
}
