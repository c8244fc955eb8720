// links: base domain recording
// What does it cost to align a call with its recording, and how far off is it? Calls of up to four
// hours in a mixed file whose clock drifts by 200 ppm, with the assistant's delay changing after
// every fourth run. Loudness is made directly, a value each millisecond, and summed into the 20 ms
// of ledger and recording.
#include "base/random.hpp"
#include "domain/level_meter.hpp"
#include "recording/alignment.hpp"
#include "recording/waveform_match.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <random>
#include <vector>

namespace {

using namespace earshot;
using namespace earshot::recording;

constexpr double drift = 200e-6;
constexpr double caller_late_s = -0.07;
constexpr double noise_power = 1e-6;

struct Run {
  double from_s;
  double late_s;
};

// Power of both voices each millisecond, and the assistant's delays.
struct Conversation {
  std::vector<float> caller;
  std::vector<float> assistant;
  std::vector<std::uint8_t> played;
  std::vector<Run> runs;
};

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : engine_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1.0p-53);
  }

  void speak(std::vector<float>& power, double from_s, double to_s) {
    double at = from_s;
    while (at < to_s) {
      const double length = between(0.08, 0.25);
      const double level = std::pow(10, between(-3.5, -1.5));
      const auto begin = static_cast<std::size_t>(at * 1000);
      const auto count = static_cast<std::size_t>(std::min(length, to_s - at) * 1000);
      for (std::size_t i = 0; i < count && begin + i < power.size(); ++i) {
        const double x = static_cast<double>(std::min(i, count - i)) / 30;
        power[begin + i] = static_cast<float>(level * std::min(1.0, x * x) * between(0.3, 1.7));
      }
      at += length + (between(0, 1) < 0.3 ? between(0.1, 0.3) : 0.03);
    }
  }

 private:
  std::mt19937_64 engine_;
};

Conversation make(double length_s) {
  Maker maker(5);
  Conversation call;
  const auto size = static_cast<std::size_t>(length_s * 1000) + 4000;
  call.caller.resize(size);
  call.assistant.resize(size);
  call.played.resize(size);
  double late = 0.25;
  double at = 1;
  while (at < length_s - 20) {
    const double end = at + maker.between(3, 9);
    if (call.runs.size() % 4 == 3) late = maker.between(0.15, 0.4);
    call.runs.push_back({at, late});
    maker.speak(call.assistant, at, end);
    std::fill(call.played.begin() + static_cast<long>(at * 1000),
              call.played.begin() + static_cast<long>(end * 1000), std::uint8_t{1});
    const double answer = end + maker.between(0.5, 1.5);
    at = answer + maker.between(1, 6);
    maker.speak(call.caller, answer, at);
    at += maker.between(0.6, 1.5);
  }
  return call;
}

std::uint8_t level(double power) {
  if (power <= 0) return level_silence;
  return static_cast<std::uint8_t>(
      std::clamp(std::round(255 + 10 * std::log10(power) / level_db_per_step), 2.0, 255.0));
}

double power_of(const std::vector<float>& power, double from_s) {
  double sum = 0;
  const double at = from_s * 1000;
  for (int i = 0; i < 20; ++i) {
    const auto k = static_cast<std::int64_t>(std::lround(at)) + i;
    if (k >= 0 && k < static_cast<std::int64_t>(power.size()))
      sum += double{power[static_cast<std::size_t>(k)]};
  }
  return sum / 20;
}

CallLevels ledger_of(const Conversation& call, double length_s) {
  CallLevels levels;
  const auto slots = static_cast<std::size_t>(length_s * 50);
  levels.witnessed = {{0, static_cast<std::int64_t>(slots)}};
  for (std::size_t k = 0; k < slots; ++k) {
    const double at = static_cast<double>(k) * 0.02;
    levels.caller.push_back(level(power_of(call.caller, at) + noise_power));
    levels.assistant.push_back(call.played[k * 20 + 10] ? level(power_of(call.assistant, at))
                                                        : level_no_data);
  }
  return levels;
}

double late_at(const Conversation& call, double call_s) {
  double late = call.runs.front().late_s;
  for (auto run = std::ranges::upper_bound(call.runs, call_s, {}, &Run::from_s);
       run != call.runs.begin();) {
    late = (--run)->late_s;
    break;
  }
  return late + drift * call_s;
}

StretchLevels recording_of(const Conversation& call, double length_s) {
  StretchLevels recorded;
  const double start_s = 0.513;
  recorded.stretch = {.recording = {"bench"},
                      .frames = static_cast<std::uint64_t>((length_s - 2) * 16'000),
                      .rate_hz = 16'000,
                      .nominal_start = Duration(static_cast<std::int64_t>(start_s * 1e6))};
  std::vector<std::uint8_t> mix;
  for (std::size_t n = 0; n < static_cast<std::size_t>((length_s - 2) * 50); ++n) {
    const double at = start_s + static_cast<double>(n) * 0.02;
    const double caller = power_of(call.caller, at - caller_late_s - drift * at);
    // 0.3 s ago is a guess that is good enough to tell the run.
    const double assistant = power_of(call.assistant, at - late_at(call, at - 0.3));
    mix.push_back(level(caller + assistant + noise_power));
  }
  recorded.channels.push_back(std::move(mix));
  return recorded;
}

void print_row(double hours) {
  const double length_s = hours * 3600;
  const Conversation call = make(length_s);
  const CallLevels ledger = ledger_of(call, length_s);
  const std::vector<StretchLevels> recorded{recording_of(call, length_s)};

  const auto started = std::chrono::steady_clock::now();
  const Alignment alignment = align_by_levels(ledger, recorded);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;

  double squares = 0;
  double worst = 0;
  double uncertainty = 0;
  std::size_t within = 0;
  for (const AlignedWindow& window : alignment.windows) {
    const double at = static_cast<double>(window.at.count()) * 1e-6;
    const double truth_ms =
        1000 * (window.side == Speaker::caller ? caller_late_s + drift * at : late_at(call, at));
    const MappingPiece* piece = piece_at(alignment.mapping, window.side, window.at);
    const double error = std::abs(static_cast<double>(piece->shift.count()) / 1000 - truth_ms);
    const double claimed = static_cast<double>(piece->uncertainty.count()) / 1000;
    squares += error * error;
    worst = std::max(worst, error);
    uncertainty += claimed;
    if (error <= claimed) ++within;
  }
  const auto count = static_cast<double>(alignment.windows.size());
  fmt::print("{:>6.2f} {:>9} {:>8} {:>8} {:>9.2f} {:>9.2f} {:>9.2f} {:>12.2f} {:>11.1f}%\n", hours,
             recorded[0].channels[0].size(), alignment.windows.size(),
             alignment.mapping.pieces.size(), took.count(), std::sqrt(squares / count), worst,
             uncertainty / count, 100 * static_cast<double>(within) / count);
}

void print_waveform() {
  Maker maker(9);
  std::vector<std::int16_t> recorded(16'000 * 132 / 100);
  double held = 0;
  for (auto& sample : recorded) {
    held = 0.6 * held + maker.between(-3000, 3000);
    sample = static_cast<std::int16_t>(held);
  }
  const std::vector<std::int16_t> tap(recorded.begin() + 1000, recorded.begin() + 1000 + 19'200);
  constexpr int rounds = 50;
  const auto started = std::chrono::steady_clock::now();
  double offset = 0;
  for (int i = 0; i < rounds; ++i)
    if (const auto match =
            find_waveform(prepare_for_match(tap, 16'000), prepare_for_match(recorded, 16'000)))
      offset = match->offset_ms;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
  fmt::print("\none waveform window of 1.2 s: {:.2f} ms, found at {:.3f} ms (is 62.5)\n",
             took.count() / rounds, offset);
}

}  // namespace

int main() {
  fmt::print("{:>6} {:>9} {:>8} {:>8} {:>9} {:>9} {:>9} {:>12} {:>12}\n", "hours", "slots",
             "windows", "pieces", "seconds", "rms ms", "worst ms", "claimed ms", "within");
  for (const double hours : {0.25, 1.0, 4.0}) print_row(hours);
  print_waveform();
  return 0;
}
