// A call of four hours, recorded in three chunks. What was said when is one script; the ledger is
// written by the product's own writer from what the bridge had of it, the chunks by the simulator's
// recorder from what ACS's mixer had, and neither is made from the other. No sockets: four hours of
// frames would take minutes.
#include "blob/directory_blob_store.hpp"
#include "bridge/witness.hpp"
#include "net/testing/test_runtime.hpp"
#include "recording/byos_chunk_source.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/verification/call_verifier.hpp"
#include "simulator/recording_files.hpp"
#include "simulator/wav_file.hpp"
#include "store/memory_store.hpp"
#include "store/memory_tap_spool.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <algorithm>
#include <array>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <random>

using namespace earshot;

namespace {

constexpr std::int64_t rate = 16'000;
constexpr std::int64_t frame = rate / 50;
constexpr Duration call_length = 4h;
constexpr Duration chunk_length = 81min;  // ACS cuts at 4 hours, or when it feels like it
constexpr Duration recorded_from = 500ms;
constexpr double drift_ppm = 40;  // as quartz does
// ACS has the caller's voice sooner than the bridge does.
constexpr std::int64_t caller_early = rate * 70 / 1000;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }
std::int64_t samples_of(Duration duration) { return duration.count() * rate / 1'000'000; }

// `length` samples of the party's voice from `voice` on, at a sample of call time.
struct Turn {
  std::int64_t from = 0;
  std::int64_t length = 0;
  std::size_t voice = 0;
  std::int64_t late = 0;  // at ACS's mixer, against the bridge
};

// Syllables of uneven length and loudness, which resemble themselves nowhere.
std::vector<std::int16_t> make_voice(unsigned seed) {
  std::mt19937 dice(seed);
  std::uniform_int_distribution<int> sample(-20'000, 20'000);
  std::uniform_int_distribution<int> syllable(1'000, 4'000);
  std::uniform_int_distribution<int> loudness(2, 10);
  std::vector<std::int16_t> samples(static_cast<std::size_t>(rate * 120));
  for (std::size_t at = 0; at < samples.size();) {
    const auto end = std::min(samples.size(), at + static_cast<std::size_t>(syllable(dice)));
    const int loud = loudness(dice);
    for (int low = 0; at < end; ++at) {
      low += (sample(dice) - low) / 6;
      samples[at] = static_cast<std::int16_t>(low * loud / 10);
    }
    at += static_cast<std::size_t>(syllable(dice)) / 4;
  }
  return samples;
}

// Two who talk in turns, with pauses, for as long as the call lasts.
struct Script {
  Script() {
    std::mt19937 dice(17);
    const auto between = [&dice](Duration low, Duration high) {
      return samples_of(
          Duration(std::uniform_int_distribution<std::int64_t>(low.count(), high.count())(dice)));
    };
    const auto voice = [&] {
      return std::uniform_int_distribution<std::size_t>(0, voices[0].size() - rate * 20)(dice);
    };
    std::int64_t at = between(1s, 2s);
    while (at < samples_of(call_length - 40s)) {
      const Turn said{at, between(3s, 9s), voice(), between(150ms, 400ms)};
      assistant.push_back(said);
      at += said.length + between(600ms, 1500ms);
      const Turn answer{at, between(1s, 6s), voice(), -caller_early};
      caller.push_back(answer);
      at += answer.length + between(600ms, 2s);
      if (assistant.size() % 20 == 0) at += between(10s, 60s);  // somebody looks something up
    }
    // Until the last second, so that a lost tail would show.
    caller.push_back({samples_of(call_length) - 3 * rate, 2 * rate, voice(), -caller_early});
  }

  std::array<std::vector<std::int16_t>, 2> voices{make_voice(1), make_voice(2)};
  std::vector<Turn> caller;
  std::vector<Turn> assistant;
};

// One party's sound, from the beginning on, as the bridge or as ACS has it.
class Listener {
 public:
  Listener(const std::vector<Turn>& turns, const std::vector<std::int16_t>& voice, bool at_acs)
      : turns_(turns), voice_(voice), at_acs_(at_acs) {}

  // Fills `out` with what is heard from that sample of call time on; false: nothing is.
  bool hear(std::int64_t from, std::vector<std::int16_t>& out) {
    std::ranges::fill(out, std::int16_t{0});
    const auto to = from + static_cast<std::int64_t>(out.size());
    while (next_ < turns_.size() && end_of(turns_[next_]) <= from) ++next_;
    if (next_ == turns_.size() || begin_of(turns_[next_]) >= to) return false;
    const Turn& turn = turns_[next_];
    const auto first = std::max(from, begin_of(turn));
    const auto last = std::min(to, end_of(turn));
    const auto source =
        voice_.begin() + static_cast<std::ptrdiff_t>(turn.voice) + (first - begin_of(turn));
    std::copy(source, source + (last - first), out.begin() + (first - from));
    return true;
  }

 private:
  std::int64_t begin_of(const Turn& turn) const { return turn.from + (at_acs_ ? turn.late : 0); }
  std::int64_t end_of(const Turn& turn) const { return begin_of(turn) + turn.length; }

  const std::vector<Turn>& turns_;
  const std::vector<std::int16_t>& voice_;
  bool at_acs_;
  std::size_t next_ = 0;
};

struct LongCall {
  LongCall() {
    runtime.clock().set_wall(connected + call_length);
    call.id = {"11111111-0000-4000-8000-000000000001"};
    call.phase = CallPhase::ended;
    call.server_call_id = {"aHR0cHM6Ly9hcGk+eA=="};
    call.correlation_id = {"22222222-0000-4000-8000-000000000002"};
    call.received_at = connected - 2s;
    call.connected_at = connected;
    call.ended_at = connected + call_length;
    call.end_code = 200;
    recording.id = {"eyJQbGF0Zm9ybUVuZHBvaW50SWQiOiIxIn0"};
    recording.call = call.id;
    recording.phase = RecordingPhase::stopped;
    recording.requested_at = connected + 200ms;
    recording.active_at = connected + recorded_from;
    recording.ended_at = connected + call_length;
    recording.discovery = Discovery::searching;
    Changes changes;
    changes.calls.push_back(call);
    changes.recordings.push_back(recording);
    changes.journal.push_back(
        {.call = call.id, .at = connected, .type = "media socket opened", .detail = "{}"});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  template <class T>
  T wait(Task<T> task) {
    return runtime.run_for(std::move(task));
  }

  // As the bridge does: frames of the caller as they come, the assistant where it is played.
  void write_ledger(const Script& script) {
    auto run = spool.start_run(call.id);
    bridge::Witness witness(
        *run,
        {.rate_hz = rate, .tap = false, .call_time_zero = connected, .wall_at_start = connected});
    Listener caller(script.caller, script.voices[0], false);
    Listener assistant(script.assistant, script.voices[1], false);
    std::vector<std::int16_t> heard(frame);
    for (std::int64_t at = 0; at < samples_of(call_length); at += frame) {
      caller.hear(at, heard);
      witness.caller(at, heard);
      if (assistant.hear(at, heard)) witness.assistant(at, heard);
      if (at % rate == 0) witness.advance(at, true);
    }
    witness.finish(samples_of(call_length));
    CHECK(witness.appends_refused() == 0);
    run->finish();
  }

  // As ACS does: both voices mixed by its own clock, a file for each chunk.
  void write_chunks(const Script& script) {
    simulator::Recorder recorder(
        {.input_rate_hz = rate, .chunk_length = chunk_length, .drift_ppm = drift_ppm});
    const auto exports = simulator::make_directory_chunk_store(directory.path().string());
    Listener caller(script.caller, script.voices[0], true);
    Listener assistant(script.assistant, script.voices[1], true);
    std::vector<std::int16_t> said(rate);
    std::vector<std::int16_t> played(rate);
    const auto begin = connected + recorded_from;
    recorder.start(begin);
    for (auto at = samples_of(recorded_from); at < samples_of(call_length);) {
      const auto count = std::min(rate, samples_of(call_length) - at);
      said.resize(static_cast<std::size_t>(count));
      played.resize(static_cast<std::size_t>(count));
      caller.hear(at, said);
      assistant.hear(at, played);
      put(*exports, recorder.add(said, played, connected + Duration(at * 1'000'000 / rate)));
      at += count;
    }
    put(*exports, recorder.finish(connected + call_length));
  }
  void put(simulator::ChunkStore& exports, std::vector<simulator::FinishedChunk> chunks) {
    const simulator::RecordingNames names{.started = connected,
                                          .server_call_id = call.server_call_id.text,
                                          .call_id = call.correlation_id.text,
                                          .recording_id = recording.id.text};
    const auto folder = simulator::recording_folder(names, {});
    for (const auto& chunk : chunks) {
      auto wav = simulator::make_wav(chunk.samples, simulator::recording_rate_hz, 1);
      auto metadata = simulator::chunk_metadata(chunk,
                                                {.resource_id = "resource",
                                                 .call_id = call.correlation_id.text,
                                                 .document_id = fmt::format("0-{}", chunk.index)},
                                                {});
      const auto name = [&](const char* kind, const char* extension) {
        return folder + simulator::chunk_file(chunk.index, kind, extension, "", {});
      };
      const std::string container = "https://acct.blob.core.windows.net/recordings";
      auto audio = exports.put(container, name("audiowav", "wav"), std::move(wav), "audio/wav");
      REQUIRE(wait(std::move(audio)).has_value());
      auto words = exports.put(container, name("acsmetadata", "json"), std::move(metadata), "");
      REQUIRE(wait(std::move(words)).has_value());
      ++chunks_written;
    }
  }

  Verdict verdict() {
    Job search{.id = {"search"},
               .kind = recording::discover_recording_job,
               .subject = recording.id.text,
               .deadline = runtime.clock().wall_now() + 24h,
               .added_at = runtime.clock().wall_now()};
    CHECK(std::holds_alternative<JobDone>(wait(discovery.run(std::move(search)))));
    Job verify{.id = {"verify"}, .kind = recording::verify_call_job, .subject = call.id.text};
    CHECK(std::holds_alternative<JobDone>(wait(verifier.run(std::move(verify)))));
    auto given = wait(store.verdict_of(call.id, std::nullopt));
    REQUIRE(given.has_value());
    REQUIRE(given->has_value());
    return std::move(**given);
  }

  struct NoAlerts : AlertSink {
    void raise(const Alert& alert) override { kinds.push_back(alert.kind); }
    std::vector<std::string> kinds;
  };

  const WallTime connected = *parse_iso8601("2026-03-02T08:00:00Z");
  net::TestRuntime runtime;
  contract::TemporaryDirectory directory;
  InlineOffload offload;
  SeededRandom random{1};
  Counters counters;
  MemoryLog log;
  NoAlerts alerts;
  store::MemoryStore store{random};
  store::MemoryTapSpool spool;
  blob::DirectoryBlobStore blobs{{.folder = directory.path(), .sync = false}, offload, random};
  recording::ByosChunkSource source{blobs, store, runtime.clock(), offload, counters, log};
  recording::RecordingDiscovery discovery{store, source, alerts, runtime.clock(), counters, log};
  recording::CallVerifier verifier{
      {store, source, spool, blobs, store, alerts, runtime.clock(), counters, log, offload}};
  Call call;
  Recording recording;
  int chunks_written = 0;
};

double shift_ms(const Verdict& verdict, Speaker side, Duration at) {
  const auto* piece = piece_at(verdict.mapping, side, at);
  REQUIRE(piece != nullptr);
  CHECK(piece->basis == MappingBasis::levels);
  return seconds(piece->shift) * 1000;
}

}  // namespace

TEST_CASE("a call of four hours in three chunks is complete, on the word of both witnesses") {
  LongCall call;
  {
    const Script script;
    call.write_ledger(script);
    call.write_chunks(script);
  }
  REQUIRE(call.chunks_written == 3);

  const Verdict verdict = call.verdict();

  for (const auto& finding : verdict.findings) MESSAGE(finding.detail);
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.corroborated());
  CHECK(verdict.numbers.chunks == 3);
  CHECK(verdict.numbers.lost == Duration{0});
  CHECK(verdict.numbers.call == call_length);
  CHECK(seconds(verdict.numbers.present) ==
        doctest::Approx(seconds(call_length - recorded_from)).epsilon(0.0001));
  CHECK(verdict.numbers.ledger == call_length);
  CHECK(verdict.numbers.caller_heard > 25min);
  CHECK(verdict.numbers.assistant_heard > 1h);
  // What a clock that is 40 ppm slow has lost at the end of a chunk, and not at its beginning.
  const auto expected_ms = [](Duration into_chunk) {
    return -70.0 - seconds(into_chunk) * drift_ppm / 1000;
  };
  CHECK(std::abs(shift_ms(verdict, Speaker::caller, 1min) - expected_ms(1min)) < 30);
  CHECK(std::abs(shift_ms(verdict, Speaker::caller, 80min) - expected_ms(80min)) < 30);
  CHECK(std::abs(shift_ms(verdict, Speaker::caller, 83min) - expected_ms(2min)) < 30);
  CHECK(std::abs(shift_ms(verdict, Speaker::caller, 240min) - expected_ms(78min)) < 30);
  // ACS does not cut so often.
  CHECK(verdict.has(FindingKind::chunk_count_unusual));
}
