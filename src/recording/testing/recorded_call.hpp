#pragma once
// For tests: one call that was recorded, the container that ACS would have written to, and WAV
// files made byte by byte (by nobody's reader).

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "blob/memory_blob_store.hpp"
#include "net/testing/test_runtime.hpp"
#include "ports/alert_sink.hpp"
#include "recording/byos_chunk_source.hpp"
#include "store/memory_store.hpp"
#include "store/memory_tap_spool.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <string>
#include <utility>
#include <vector>

namespace earshot::recording::testing {

inline void put(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}
inline void put16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
  out.push_back(static_cast<std::uint8_t>(value >> 8));
}
inline void put32(Bytes& out, std::uint64_t value) {
  put16(out, static_cast<std::uint32_t>(value & 0xFFFF));
  put16(out, static_cast<std::uint32_t>(value >> 16 & 0xFFFF));
}

inline Bytes pcm_fmt(std::uint32_t rate = 16'000, std::uint32_t channels = 1,
                     std::uint32_t bits = 16, std::uint32_t tag = 1) {
  Bytes out;
  put(out, "fmt ");
  put32(out, 16);
  put16(out, tag);
  put16(out, channels);
  put32(out, rate);
  put32(out, std::uint64_t{rate} * channels * bits / 8);
  put16(out, channels * bits / 8);
  put16(out, bits);
  return out;
}

inline Bytes chunk_of(std::string_view id, ByteView body) {
  Bytes out;
  put(out, id);
  put32(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  if (body.size() % 2 != 0) out.push_back(0);
  return out;
}

inline Bytes riff_of(const std::vector<Bytes>& chunks) {
  Bytes body;
  put(body, "WAVE");
  for (const auto& chunk : chunks) body.insert(body.end(), chunk.begin(), chunk.end());
  Bytes out;
  put(out, "RIFF");
  put32(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

// Samples that say where they are: first, first + 1, …
inline Bytes counting_samples(std::uint32_t first, std::size_t samples) {
  Bytes out;
  for (std::size_t i = 0; i < samples; ++i) put16(out, first + static_cast<std::uint32_t>(i));
  return out;
}

// 16 kHz, mono, 16 bits, as ACS writes it.
inline Bytes wav_of(ByteView samples, std::uint32_t rate = 16'000, std::uint32_t channels = 1) {
  return riff_of({pcm_fmt(rate, channels), chunk_of("data", samples)});
}

inline Bytes seconds_of_wav(double seconds) {
  return wav_of(counting_samples(0, static_cast<std::size_t>(seconds * 16'000)));
}

struct MemoryAlerts : AlertSink {
  void raise(const Alert& alert) override { raised.push_back(alert); }
  std::vector<Alert> raised;
};

inline WallTime at(std::string_view text) {
  const auto time = parse_iso8601(text);
  REQUIRE(time.has_value());
  return *time;
}

// A call of 40 s that was recorded from 09:15:00 on, on a clock that stands at its end.
struct RecordedCall {
  RecordedCall() {
    runtime.clock().set_wall(at("2026-03-02T09:15:40Z"));
    call.id = {"11111111-0000-4000-8000-000000000001"};
    call.phase = CallPhase::ended;
    call.server_call_id = {"aHR0cHM6Ly9hcGk+eA=="};
    call.correlation_id = {"22222222-0000-4000-8000-000000000002"};
    call.connection_id = {"33333333-0000-4000-8000-000000000003"};
    call.received_at = at("2026-03-02T09:14:50Z");
    call.ended_at = at("2026-03-02T09:15:40Z");
    recording.id = {"eyJQbGF0Zm9ybUVuZHBvaW50SWQiOiIxIn0"};
    recording.call = call.id;
    recording.phase = RecordingPhase::stopped;
    recording.requested_at = at("2026-03-02T09:14:59Z");
    recording.active_at = at("2026-03-02T09:15:00Z");
    recording.ended_at = at("2026-03-02T09:15:40Z");
    recording.discovery = Discovery::searching;
  }
  void store_call() {
    Changes changes;
    changes.calls.push_back(call);
    changes.personal.push_back({.call = call.id, .caller = "+15550123", .called = "+15550199"});
    changes.recordings.push_back(recording);
    changes.recordings.insert(changes.recordings.end(), siblings.begin(), siblings.end());
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  template <class T>
  T wait(Task<T> task) {
    return runtime.run_for(std::move(task));
  }
  void put_blob(std::string name, Bytes bytes) {
    auto done =
        wait(blobs.put({.name = {std::move(name)}, .bytes = std::move(bytes), .replace = true}));
    REQUIRE(done.has_value());
  }
  void put_text(std::string name, std::string_view text) {
    put_blob(std::move(name), Bytes(text.begin(), text.end()));
  }
  static std::string metadata(std::string_view start, int milliseconds, int index = 0,
                              std::string_view call_id = "not-known-to-us",
                              std::string_view participant = "4:+15550123") {
    return fmt::format(
        R"({{"callId":"{}","chunkIndex":{},"chunkStartTime":"{}","chunkDuration":{},)"
        R"("recordingInfo":{{"contentType":"mixed","channelType":"audio","format":"wav",)"
        R"("audioConfiguration":{{"sampleRate":"16000","channels":1}}}},)"
        R"("participants":[{{"participantId":"{}"}}]}})",
        call_id, index, start, milliseconds, participant);
  }
  ChunkSearch search() {
    return {.recording = recording, .call = call, .now = runtime.clock().wall_now()};
  }

  net::TestRuntime runtime;
  InlineOffload inline_offload;
  SeededRandom random{1};
  store::MemoryStore store{random};
  blob::MemoryBlobStore blobs{runtime.clock()};
  store::MemoryTapSpool spool;
  Counters counters;
  MemoryLog log;
  MemoryAlerts alerts;
  Call call;
  Recording recording;
  std::vector<Recording> siblings;
};

}  // namespace earshot::recording::testing
