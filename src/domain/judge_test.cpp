#include "domain/judge.hpp"

#include "domain/testing/recorded_evidence.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::testing;

TEST_CASE("chunks that reach from soon after the start to the end are complete") {
  Recorded call;
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.corroborated());
  CHECK(verdict.numbers.expected == 60s);
  CHECK(verdict.numbers.present == 59600ms);
  CHECK(verdict.numbers.start_delay == 400ms);
  CHECK(verdict.numbers.lost == 0s);
  CHECK(verdict.numbers.tail_loss == 0s);
  CHECK(verdict.numbers.caller_alone == verdict.numbers.caller_heard);
  CHECK(verdict.numbers.assistant_alone == verdict.numbers.assistant_heard);
  REQUIRE(verdict.gaps.size() == 1);
  CHECK(verdict.gaps[0].cause == GapCause::late_start);
  CHECK_FALSE(verdict.gaps[0].counts);
  CHECK(verdict.timeline.spans.size() == 4);
  CHECK_FALSE(verdict.has(FindingKind::uncorroborated));
}

TEST_CASE("a chunk that is not there is a gap with its length, its cause and what was said in it") {
  Recorded call;
  call.drop(1);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  CHECK(verdict.numbers.lost == 20s);
  REQUIRE(verdict.gaps.size() == 2);
  CHECK(verdict.gaps[1].from == 20400ms);
  CHECK(verdict.gaps[1].to == 40400ms);
  CHECK(verdict.gaps[1].cause == GapCause::chunk_missing);
  CHECK(verdict.gaps[1].caller_spoke == 400ms);
  CHECK(verdict.gaps[1].assistant_spoke == 5900ms);
  const auto* finding = find(verdict, FindingKind::missing_index);
  REQUIRE(finding != nullptr);
  CHECK(finding->chunk->value == 1);
}

TEST_CASE("a last chunk that is not there truncates the recording, by ACS's own word even so") {
  Recorded call;
  call.drop(2);
  auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::truncated);
  CHECK(verdict.numbers.tail_loss == 19600ms);
  CHECK(verdict.gaps.back().cause == GapCause::tail_lost);
  CHECK(verdict.has(FindingKind::tail_loss));
  call.evidence.recordings[0].last_told = 2;
  verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::truncated);
  CHECK(verdict.gaps.back().cause == GapCause::chunk_missing);
}

TEST_CASE("a file that ends before its metadata says is torn") {
  Recorded call;
  SUBCASE("by the metadata") {}
  SUBCASE("by its header") { call.chunk(1).bytes_promised = std::uint64_t{10} * rate * 2; }
  call.shorten(1, 10s);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  CHECK(verdict.numbers.lost == 10s);
  CHECK(verdict.gaps.back().cause == GapCause::chunk_torn);
  CHECK(verdict.gaps.back().from == 30400ms);
  CHECK(verdict.has(FindingKind::chunk_torn));
}

TEST_CASE("a file without a sample is an empty chunk") {
  Recorded call;
  call.chunk(1).chunk.data_bytes = 0;
  call.chunk(1).chunk.bytes = 0;
  call.chunk(1).unreadable = "it is empty";
  call.chunk(1).levels.clear();
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  CHECK(verdict.gaps.back().cause == GapCause::chunk_empty);
  CHECK(verdict.has(FindingKind::chunk_empty));
}

TEST_CASE("lost time below the threshold does not count, and leaves no hole in the timeline") {
  Recorded call;
  call.chunk(1).chunk.start = at(20550ms);
  call.shorten(1, 19850ms);
  call.chunk(1).chunk.duration = 19850ms;
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.timeline.spans.size() == 4);
}

TEST_CASE("a late start is forgiven up to three seconds where nobody spoke") {
  Recorded call;
  const auto begin_at = [&call](Duration start) {
    call.chunk(0).chunk.start = at(start);
    call.chunk(0).chunk.duration = 20400ms - start;
    call.evidence.recordings[0].recording.active_at = at(start);
    call.shorten(0, 20400ms - start);
    auto& levels = call.chunk(0).levels[0];
    for (std::size_t i = 0; i < levels.size(); ++i) levels[i] = call.mix[slots(start) + i];
  };
  SUBCASE("just so") {
    begin_at(2900ms);
    CHECK(call.verdict().kind == VerdictKind::complete);
  }
  SUBCASE("but no longer") {
    begin_at(3100ms);
    const auto verdict = call.verdict();
    CHECK(verdict.kind == VerdictKind::gapped);
    CHECK(verdict.has(FindingKind::start_delay));
    CHECK(verdict.numbers.start_delay == 3100ms);
  }
  SUBCASE("and not where somebody did") {
    begin_at(2s);
    speak(call.evidence.ledger->caller, 1s, 1200ms);
    const auto verdict = call.verdict();
    CHECK(verdict.kind == VerdictKind::gapped);
    CHECK(verdict.gaps[0].caller_spoke == 200ms);
  }
}

TEST_CASE("a tail is forgiven up to a second where nobody spoke") {
  Recorded call;
  const auto end_at = [&call](Duration end) {
    call.shorten(2, end - 40400ms);
    call.chunk(2).chunk.duration = end - 40400ms;
  };
  SUBCASE("just so") {
    end_at(59100ms);
    const auto verdict = call.verdict();
    CHECK(verdict.kind == VerdictKind::complete);
    CHECK(verdict.numbers.tail_loss == 900ms);
  }
  SUBCASE("but no longer") {
    end_at(58900ms);
    CHECK(call.verdict().kind == VerdictKind::truncated);
  }
  SUBCASE("and not where somebody did") {
    end_at(59500ms);
    speak(call.evidence.ledger->caller, 59600ms, 60s);
    CHECK(call.verdict().kind == VerdictKind::truncated);
  }
  SUBCASE("but what we sent last may never have been played") {
    end_at(59750ms);
    speak(call.evidence.ledger->assistant, 59760ms, 60s);
    CHECK(call.verdict().kind == VerdictKind::complete);
  }
}

TEST_CASE("a call's end that was found by asking makes no tail, unless the bridge heard more") {
  Recorded call;
  call.evidence.call.end_code = 0;
  call.evidence.call.ended_at = at(90s);
  auto verdict = call.verdict();
  CHECK(verdict.has(FindingKind::end_uncertain));
  CHECK(verdict.numbers.unseen == 30s);
  CHECK(verdict.kind == VerdictKind::complete);
  call.evidence.ledger->caller.resize(slots(80s), quiet);
  verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::truncated);
}

TEST_CASE("a pause is no gap, wherever ACS or we have said that there was one") {
  Recorded call;
  call.chunk(1).chunk.data_bytes = 15ULL * rate * 2;
  call.chunk(1).chunk.duration = 15s;
  call.chunk(1).levels[0].resize(slots(15s));
  SUBCASE("by ACS's metadata") {
    call.chunk(1).metadata->pauses.push_back({at(28s), at(33s)});
    call.evidence.recordings[0].pauses.push_back(
        {.recording = {"r"}, .from = at(27900ms), .to = at(33100ms)});
  }
  SUBCASE("by our own commands") {
    call.evidence.recordings[0].pauses.push_back(
        {.recording = {"r"}, .from = at(28s), .to = at(33s)});
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.paused == 5s);
  CHECK(verdict.numbers.expected == 55s);
  REQUIRE(verdict.timeline.spans.size() == 6);
  const auto& paused = verdict.timeline.spans[3];
  CHECK(paused.kind == SpanKind::paused);
  CHECK(paused.from == 28s);
  CHECK(paused.to == 33s);
  const auto& after = verdict.timeline.spans[4];
  CHECK(after.chunk.value == 1);
  CHECK(after.first_frame == verdict.timeline.spans[2].frames);
}

TEST_CASE("after the operator's stop nothing was meant to be recorded") {
  Recorded call;
  call.drop(2);
  call.evidence.call.recording_wish = RecordingWish::stop;
  call.evidence.recordings[0].recording.ended_at = at(40400ms);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.expected == 40400ms);
}

TEST_CASE("who spoke alone and is nowhere to be heard is silent, the other one is not") {
  Recorded call;
  const auto hush = [&call](Duration from, Duration to) {
    for (auto& one : call.chunks()) {
      const auto start = slots(*one.chunk.start - at(0s));
      for (std::size_t i = 0; i < one.levels[0].size(); ++i)
        if (start + i >= slots(from) && start + i < slots(to)) one.levels[0][i] = quiet;
    }
  };
  Speaker silent = Speaker::assistant;
  SUBCASE("the assistant") {
    hush(20s, 27s);
    hush(50s, 56s);
  }
  SUBCASE("the caller") {
    silent = Speaker::caller;
    hush(9s, 15s);
    hush(39s, 45s);
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::silent);
  const auto* finding = find(verdict, FindingKind::party_silent);
  REQUIRE(finding != nullptr);
  CHECK(finding->party == silent);
  const auto heard = [&verdict](Speaker who) {
    return who == Speaker::caller ? verdict.numbers.caller_heard : verdict.numbers.assistant_heard;
  };
  CHECK(heard(silent) == 0s);
  CHECK(heard(silent == Speaker::caller ? Speaker::assistant : Speaker::caller) > 3s);
}

TEST_CASE("silence of both is no fault while the ledger heard nobody speak") {
  Recorded call;
  for (auto& one : call.chunks()) std::ranges::fill(one.levels[0], level_silence);
  std::ranges::fill(call.evidence.ledger->caller, quiet);
  std::ranges::fill(call.evidence.ledger->assistant, level_no_data);
  CHECK(call.verdict().kind == VerdictKind::complete);
}

TEST_CASE("an unmixed recording without the assistant's voice has a finding of its own") {
  Recorded call;
  call.evidence.recordings[0].recording.channels = RecordingChannels::unmixed;
  for (auto& one : call.chunks()) {
    one.metadata->channel_type = "unmixed";
    const auto start = slots(*one.chunk.start - at(0s));
    for (std::size_t i = 0; i < one.levels[0].size(); ++i) {
      const bool assistants = (start + i >= slots(20s) && start + i < slots(27s)) ||
                              (start + i >= slots(50s) && start + i < slots(56s));
      if (assistants) one.levels[0][i] = quiet;
    }
  }
  SUBCASE("one channel instead of two") {}
  SUBCASE("two channels, and nobody on the second") {
    for (auto& one : call.chunks()) {
      one.chunk.format.channels = 2;
      one.chunk.data_bytes *= 2;
      one.levels.emplace_back(one.levels[0].size(), level_silence);
    }
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::silent);
  CHECK(verdict.has(FindingKind::assistant_channel_absent));
}

TEST_CASE("one witness alone is complete and not corroborated") {
  Recorded call;
  SUBCASE("without a ledger") { call.evidence.ledger.reset(); }
  SUBCASE("with one that covers half of the call") {
    call.evidence.ledger->caller.resize(slots(30s));
    call.evidence.ledger->assistant.resize(slots(30s));
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.by_acs);
  CHECK_FALSE(verdict.by_bridge);
  CHECK(verdict.has(FindingKind::uncorroborated));
  CHECK(verdict.has(FindingKind::ledger_lost));
}

TEST_CASE("no sample of a recording that ran is missing, of one that never ran failed") {
  Recorded call;
  call.chunks().clear();
  SUBCASE("it was active") {
    const auto verdict = call.verdict();
    CHECK(verdict.kind == VerdictKind::missing);
    CHECK(verdict.numbers.lost == 60s);
    CHECK(verdict.gaps[0].cause == GapCause::chunk_missing);
  }
  SUBCASE("it never was") {
    call.evidence.recordings[0].recording.active_at.reset();
    const auto verdict = call.verdict();
    CHECK(verdict.kind == VerdictKind::failed);
    CHECK(verdict.gaps[0].cause == GapCause::never_recorded);
  }
  SUBCASE("there is none") {
    call.evidence.recordings.clear();
    CHECK(call.verdict().kind == VerdictKind::failed);
  }
}

TEST_CASE("as long as more may come the verdict is pending") {
  Recorded call;
  call.evidence.final = false;
  CHECK(call.verdict().kind == VerdictKind::pending);
}

TEST_CASE("between two recordings of a call lies what was recorded by neither") {
  Recorded call;
  auto second = call.evidence.recordings[0];
  call.evidence.recordings[0].chunks.resize(1);
  call.evidence.recordings[0].recording.ended_at = at(20400ms);
  second.recording.id = {"s"};
  second.recording.active_at = at(25s);
  second.chunks.clear();
  call.evidence.recordings.push_back(second);
  call.add(0, 25s, 60s);
  call.chunk(0).chunk.recording = {"s"};
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  CHECK(verdict.gaps.back().cause == GapCause::recording_stopped);
  CHECK(verdict.numbers.lost == 4600ms);
  CHECK(verdict.has(FindingKind::several_recordings));
}

TEST_CASE("what two chunks hold both is in the timeline once") {
  Recorded call;
  call.chunk(1).chunk.start = at(18400ms);
  call.chunk(1).chunk.duration = 22s;
  call.chunk(1).chunk.data_bytes = 22ULL * rate * 2;
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  const auto* finding = find(verdict, FindingKind::overlapping_chunks);
  REQUIRE(finding != nullptr);
  CHECK(finding->from == 18400ms);
  CHECK(finding->to == 20400ms);
  const auto& second = verdict.timeline.spans[2];
  CHECK(second.from == 20400ms);
  CHECK(second.first_frame == 2 * rate);
  CHECK(second.frames == 20 * rate);
}

TEST_CASE("a chunk exported twice is a finding and no loss") {
  Recorded call;
  call.chunk(1).exports = 2;
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.has(FindingKind::duplicate_chunk));
}

TEST_CASE("metadata that cannot be right is named and not used") {
  Recorded call;
  FindingKind expected = FindingKind::metadata_contradicts;
  SUBCASE("none") {
    call.chunk(1).metadata.reset();
    call.chunk(1).chunk.start.reset();
    call.chunk(1).chunk.duration.reset();
    expected = FindingKind::metadata_missing;
  }
  SUBCASE("of another call") {
    call.chunk(1).metadata->call_id = "another";
    call.chunk(1).chunk.start = at(-3h);
    expected = FindingKind::metadata_of_another_call;
  }
  SUBCASE("of another time") { call.chunk(1).chunk.start = at(3h); }
  SUBCASE("of another index") {
    call.chunk(1).metadata->index = 7;
    call.chunk(1).chunk.start = at(100ms);
  }
  SUBCASE("of before the chunk that it follows") { call.chunk(1).chunk.start = at(-2s); }
  SUBCASE("with another rate") { call.chunk(1).metadata->sample_rate_hz = 8'000; }
  SUBCASE("with its types in each other's place") {
    call.chunk(1).metadata->types_swapped = true;
    expected = FindingKind::metadata_swapped;
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.present == 59600ms);
  const auto* finding = find(verdict, expected);
  REQUIRE(finding != nullptr);
  CHECK(finding->chunk->value == 1);
}

TEST_CASE("a recorder whose samples run slow has drift, not a gap") {
  Recorded call;
  // 200 ppm of four hours.
  call.evidence.call.ended_at = at(4h + 400ms);
  call.evidence.recordings[0].recording.ended_at = at(4h + 400ms);
  call.chunks().clear();
  call.mix.assign(slots(4h + 1s), quiet);
  call.evidence.ledger->caller.resize(slots(4h), quiet);
  call.add(0, 400ms, 4h + 400ms);
  call.chunk(0).chunk.data_bytes -= 2880ULL * rate / 1000 * 2;
  const auto verdict = call.verdict();
  CHECK(verdict.numbers.lost == 0s);
  const auto* finding = find(verdict, FindingKind::clock_drift);
  REQUIRE(finding != nullptr);
  CHECK(finding->detail.find("200 ppm too slow") != std::string::npos);
}

TEST_CASE("audio that goes on after the call's end is too long") {
  Recorded call;
  call.evidence.call.ended_at = at(50s);
  const auto verdict = call.verdict();
  CHECK(verdict.has(FindingKind::too_long));
  CHECK(verdict.timeline.to == 50s);
  CHECK(verdict.timeline.spans.back().to == 50s);
}

TEST_CASE("more chunks than one for each started four hours are unusual") {
  Recorded call;
  CHECK(call.verdict().has(FindingKind::chunk_count_unusual));
  call.chunks().resize(1);
  CHECK_FALSE(call.verdict().has(FindingKind::chunk_count_unusual));
}

TEST_CASE("without a chunk's samples being read nobody can be found silent") {
  Recorded call;
  for (auto& one : call.chunks()) one.levels.clear();
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.has(FindingKind::not_examined));
  CHECK_FALSE(verdict.by_bridge);
}

TEST_CASE("a tap that the ledger tells of and nobody has is a finding") {
  Recorded call;
  call.evidence.tap_present = false;
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.has(FindingKind::tap_lost));
}
