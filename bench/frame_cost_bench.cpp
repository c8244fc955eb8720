// links: base bridge
// What does a frame of audio cost the bridge, beyond moving it? Each of 24 kHz is decoded once, and
// its samples go to levels, hash and tap. The whole is what `Witness` does with both sides of a
// call; the rows above it are its parts.
#include "base/base64.hpp"
#include "base/random.hpp"
#include "bridge/caller_clock.hpp"
#include "bridge/pacer.hpp"
#include "bridge/witness.hpp"
#include "domain/level_meter.hpp"
#include "domain/sample_hash.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

namespace {

using namespace earshot;
using namespace earshot::bridge;

constexpr std::uint32_t rate = 24000;
constexpr std::size_t frame_bytes = 960;
constexpr std::int64_t frame_samples = 480;
constexpr int frames_per_round = 20'000;
constexpr int rounds = 7;
constexpr double frames_per_call_second = 100;  // both ways

struct CountingRun : TapRun {
  std::uint64_t bytes = 0;
  bool append(SpoolKind, ByteView more) override {
    bytes += more.size();
    return true;
  }
  void finish() override {}
};

Bytes make_frame() {
  SeededRandom random(1);
  Bytes frame(frame_bytes);
  for (auto& byte : frame) byte = static_cast<std::uint8_t>(random.next_u64());
  return frame;
}

std::span<const std::int16_t> samples_of(const Bytes& bytes) {
  return {reinterpret_cast<const std::int16_t*>(bytes.data()), bytes.size() / 2};
}

// The best of some rounds; `work` is given the number of the frame.
template <class Work>
double best_ns_per_frame(Work work) {
  double best = 1e12;
  std::int64_t frame = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < frames_per_round; ++i) work(frame++);
    const std::chrono::duration<double, std::nano> took =
        std::chrono::steady_clock::now() - started;
    best = std::min(best, took.count() / frames_per_round);
  }
  return best;
}

void print_row(const char* what, double ns) {
  fmt::print("{:<44} {:>10.0f} {:>22.1f}\n", what, ns, ns * frames_per_call_second / 1000);
}

// One frame of one side; the other side gets the same.
double witness_ns(const std::string& text, bool tap) {
  CountingRun run;
  Witness witness(run, {.rate_hz = rate, .tap = tap});
  Bytes decoded;
  const double both = best_ns_per_frame([&](std::int64_t frame) {
    const std::int64_t position = frame * frame_samples;
    if (!base64::decode_to(text, decoded)) std::abort();
    witness.caller(position, samples_of(decoded));
    if (!base64::decode_to(text, decoded)) std::abort();
    witness.assistant(position, samples_of(decoded));
    if (frame % 10 == 9) witness.advance(position + frame_samples, true);
  });
  if (run.bytes == 0) std::abort();
  return both / 2;
}

}  // namespace

int main() {
  const Bytes frame = make_frame();
  const std::string text = base64::encode(frame);
  Bytes decoded;
  std::uint64_t sink = 0;

  fmt::print("{:<44} {:>10} {:>22}\n", "frames of 20 ms at 24 kHz", "ns/frame",
             "us per call-second");
  print_row("decode", best_ns_per_frame([&](std::int64_t) {
              if (!base64::decode_to(text, decoded)) std::abort();
            }));
  print_row("level", best_ns_per_frame([&](std::int64_t) { sink += level_of(samples_of(frame)); }));
  print_row("hash", best_ns_per_frame([&](std::int64_t) { sink += hash_of(frame); }));
  CallerClock clock(rate);
  print_row("caller clock", best_ns_per_frame([&](std::int64_t number) {
              const auto stamp = WallTime(1s) + number * 20ms;
              sink += static_cast<std::uint64_t>(
                  clock.place((number + 1) * frame_samples, stamp, frame_samples, 0).position);
            }));
  Pacer pacer({.rate_hz = rate});
  print_row("pacer, straight through", best_ns_per_frame([&](std::int64_t number) {
              pacer.offer(1, number * frame_samples, text);
              while (const auto piece = pacer.take(0)) sink += piece->base64.size();
              pacer.keep();
            }));
  print_row("decode + ledger", witness_ns(text, false));
  print_row("decode + ledger + hash + tap", witness_ns(text, true));
  return sink == 0 ? 1 : 0;
}
