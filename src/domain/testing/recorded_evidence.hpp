#pragma once
// For tests: what both witnesses have of a call of a minute, to be spoilt in one way or another.

#include "domain/judge.hpp"
#include "domain/level_meter.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <utility>
#include <vector>

namespace earshot::testing {

inline constexpr std::uint32_t rate = 16'000;
// Bytes of the ledger and of a recording's levels: -20 dBFS, and a line's quiet noise.
inline constexpr std::uint8_t loud = 205;
inline constexpr std::uint8_t quiet = 80;

inline WallTime at(Duration since_connected) {
  return *parse_iso8601("2026-03-02T09:15:00Z") + since_connected;
}

inline std::size_t slots(Duration length) { return static_cast<std::size_t>(length / 20ms); }

inline void speak(std::vector<std::uint8_t>& levels, Duration from, Duration to) {
  for (auto slot = slots(from); slot < slots(to) && slot < levels.size(); ++slot)
    levels[slot] = loud;
}

// A call of a minute, recorded from 0.4 s on in chunks of 20 s; the caller speaks at 10..14 s and
// 40..44 s, the assistant at 20..26 s and 50..55 s.
struct Recorded {
  Recorded() {
    evidence.call.id = {"c"};
    evidence.call.phase = CallPhase::ended;
    evidence.call.connected_at = at(0s);
    evidence.call.ended_at = at(60s);
    evidence.call.end_code = 200;
    evidence.media_opened = true;
    evidence.tap_present = true;
    evidence.final = true;
    evidence.ledger.emplace();
    auto& ledger = *evidence.ledger;
    ledger.has_tap = true;
    ledger.caller.assign(slots(60s), quiet);
    ledger.assistant.assign(slots(60s), level_no_data);
    speak(ledger.caller, 10s, 14s);
    speak(ledger.caller, 40s, 44s);
    speak(ledger.assistant, 20s, 26s);
    speak(ledger.assistant, 50s, 55s);
    mix.assign(slots(60s), quiet);
    speak(mix, 10s, 14s);
    speak(mix, 40s, 44s);
    speak(mix, 20300ms, 26300ms);
    speak(mix, 50300ms, 55300ms);
    RecordingEvidence recording;
    recording.recording.id = {"r"};
    recording.recording.active_at = at(400ms);
    recording.recording.ended_at = at(60s);
    recording.recording.discovery = Discovery::found;
    evidence.recordings.push_back(recording);
    add(0, 400ms, 20400ms);
    add(1, 20400ms, 40400ms);
    add(2, 40400ms, 60s);
  }

  void add(std::uint32_t index, Duration from, Duration to) {
    ChunkEvidence one;
    one.chunk.recording = {"r"};
    one.chunk.index = {index};
    one.chunk.audio = {"a"};
    one.chunk.metadata = {"m"};
    one.chunk.format = {.sample_rate_hz = rate, .channels = 1, .bits_per_sample = 16};
    one.chunk.data_bytes = static_cast<std::uint64_t>((to - from).count()) * rate / 1'000'000 * 2;
    one.chunk.bytes = one.chunk.data_bytes + 44;
    one.chunk.start = at(from);
    one.chunk.duration = to - from;
    one.metadata = MetadataWords{.call_id = "k", .index = index, .channel_type = "mixed"};
    one.levels.resize(1);
    for (auto slot = slots(from); slot < slots(to); ++slot) one.levels[0].push_back(mix.at(slot));
    evidence.recordings.back().chunks.push_back(std::move(one));
  }

  std::vector<ChunkEvidence>& chunks() { return evidence.recordings.back().chunks; }
  ChunkEvidence& chunk(std::size_t i) { return chunks().at(i); }
  void drop(std::size_t i) { chunks().erase(chunks().begin() + static_cast<std::ptrdiff_t>(i)); }
  // The first so many seconds of a chunk are all that is there.
  void shorten(std::size_t i, Duration to) {
    chunk(i).chunk.data_bytes = static_cast<std::uint64_t>(to.count()) * rate / 1'000'000 * 2;
    chunk(i).levels[0].resize(slots(to));
  }

  // The caller's sound lies so much later than the metadata's times have it.
  void map(std::uint32_t chunk, Duration from, Duration to, Duration shift) {
    heard.pieces.push_back({.side = Speaker::caller,
                            .recording = {"r"},
                            .chunk = {chunk},
                            .from = from,
                            .to = to,
                            .shift = shift,
                            .uncertainty = 5ms,
                            .basis = MappingBasis::levels});
  }

  Verdict verdict() {
    evidence.mapping = heard;
    auto built = build_timeline(evidence, thresholds);
    const auto& spans = built.timeline.spans;
    for (std::size_t i = 1; i < spans.size(); ++i) CHECK(spans[i].from == spans[i - 1].to);
    if (!spans.empty()) {
      CHECK(spans.front().from == built.timeline.from);
      CHECK(spans.back().to == built.timeline.to);
    }
    if (heard.pieces.empty()) evidence.mapping = mapping_by_metadata(built.timeline, thresholds);
    return judge(evidence, std::move(built), thresholds);
  }

  CallEvidence evidence;
  VerdictThresholds thresholds;
  std::vector<std::uint8_t> mix;
  ClockMapping heard;
};

inline const Finding* find(const Verdict& verdict, FindingKind kind) {
  for (const auto& finding : verdict.findings)
    if (finding.kind == kind) return &finding;
  return nullptr;
}

}  // namespace earshot::testing
