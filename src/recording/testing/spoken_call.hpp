#pragma once
// For tests and benchmarks: two parties who talk, what a bridge's ledger and tap would hold of it,
// and what a recorder would write that gets either voice with a delay of its own. Made from a
// script and a seed, by nothing that the alignment uses: the delays put in are the truth to compare
// with.

#include "base/bytes.hpp"
#include "domain/level_meter.hpp"
#include "recording/alignment.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

namespace earshot::recording::testing {

// SplitMix64: SeededRandom's lock costs too much a sample.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 2654435761U + 12345) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  bool chance(double probability) { return unit() < probability; }
  // Variance 1/4, about normal.
  double noise() {
    const std::uint64_t bits = next();
    constexpr std::uint64_t third = 0x1FFFFF;
    return static_cast<double>((bits & third) + (bits >> 21 & third) + (bits >> 42 & third)) *
               0x1.0p-21 -
           1.5;
  }

 private:
  std::uint64_t state_;
};

struct Utterance {
  Speaker side = Speaker::caller;
  double from_s = 0;
  double to_s = 0;
  double heard_to_s = 1e9;  // of the assistant: what follows was sent, but dropped at StopAudio
};

// From `from_s` of call time on, the recording has that side this much later than the bridge.
struct TrueShift {
  double from_s = 0;
  double shift_ms = 0;
};

struct VoiceScript {
  std::vector<Utterance> utterances;
  std::vector<TrueShift> caller;     // ascending; the first at 0
  std::vector<TrueShift> assistant;  // likewise
  double drift_ppm = 0;              // of the recorder's clock against the bridge's
  double length_s = 60;
  std::uint64_t seed = 1;

  double shift_s(Speaker side, double call_s) const {
    const auto& steps = side == Speaker::caller ? caller : assistant;
    double ms = steps.front().shift_ms;
    for (const TrueShift& step : steps)
      if (step.from_s <= call_s) ms = step.shift_ms;
    return ms / 1000 + call_s * drift_ppm * 1e-6;
  }
};

// One voice at 8 kHz, without anything above 3 kHz, so that it can be read at any time.
class Voice {
 public:
  static constexpr double rate = 8000;

  Voice(const VoiceScript& script, Speaker side)
      : samples_(static_cast<std::size_t>(script.length_s * rate) + 16) {
    Dice dice(script.seed * 2 + (side == Speaker::caller ? 0 : 1));
    const double pitch = side == Speaker::caller ? 110 : 190;
    for (const Utterance& utterance : script.utterances)
      if (utterance.side == side) speak(utterance, pitch, dice);
  }

  // A copy of what was said at `from_s`, again: phrases that repeat.
  void silence(double from_s, double to_s) {
    const auto from = static_cast<std::size_t>(from_s * rate);
    const auto to = static_cast<std::size_t>(to_s * rate);
    for (std::size_t i = from; i < std::min(to, samples_.size()); ++i) samples_[i] = 0;
  }
  void repeat(double from_s, double length_s, double at_s) {
    const auto from = static_cast<std::size_t>(from_s * rate);
    const auto to = static_cast<std::size_t>(at_s * rate);
    for (std::size_t i = 0; i < static_cast<std::size_t>(length_s * rate); ++i)
      if (to + i < samples_.size()) samples_[to + i] = samples_[from + i];
  }
  std::vector<float>& samples() { return samples_; }

  double at(double seconds) const {
    const double position = seconds * rate;
    if (position < 1) return 0;
    const auto i = static_cast<std::int64_t>(position);
    if (i < 1 || i + 2 >= static_cast<std::int64_t>(samples_.size())) return 0;
    const auto k = static_cast<std::size_t>(i);
    const double f = position - static_cast<double>(i);
    const double a = static_cast<double>(samples_[k - 1]);
    const double b = static_cast<double>(samples_[k]);
    const double c = static_cast<double>(samples_[k + 1]);
    const double d = static_cast<double>(samples_[k + 2]);
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)));
  }

 private:
  // Syllables, voiced or hissed, of uneven length and loudness, a word's pause now and then.
  void speak(const Utterance& utterance, double pitch, Dice& dice) {
    double at_s = utterance.from_s;
    const double loudness = dice.between(0.1, 0.3);
    while (at_s < utterance.to_s) {
      const double length_s = std::min(dice.between(0.08, 0.26), utterance.to_s - at_s);
      const double level = loudness * std::pow(10, -dice.between(0, 14) / 20);
      if (length_s > 0.03) syllable(at_s, length_s, level, pitch * dice.between(0.8, 1.3), dice);
      at_s += length_s + (dice.chance(0.25) ? dice.between(0.1, 0.35) : dice.between(0, 0.06));
    }
  }

  void syllable(double at_s, double length_s, double level, double pitch, Dice& dice) {
    const bool voiced = dice.chance(0.75);
    const double attack = dice.between(0.01, 0.04);
    const double release = dice.between(0.02, 0.07);
    const double glide = dice.between(-0.2, 0.2);
    Resonator first(dice.between(300, 750), 90);
    Resonator second(dice.between(900, 2200), 140);
    const auto begin = static_cast<std::size_t>(at_s * rate);
    const auto count = static_cast<std::size_t>(length_s * rate);
    std::vector<double> sound(count);
    double phase = 0;
    double power = 1e-12;
    for (std::size_t i = 0; i < count; ++i) {
      const double t = static_cast<double>(i) / rate;
      phase += pitch * (1 + glide * t / length_s) / rate;
      double source = 0.2 * dice.noise();
      if (voiced && phase >= 1) source += 4;
      if (!voiced) source = dice.noise();
      if (phase >= 1) phase -= 1;
      sound[i] = first.pass(source) + (voiced ? 0.5 : 2) * second.pass(source);
      power += sound[i] * sound[i];
    }
    const double gain = level / std::sqrt(power / static_cast<double>(count));
    for (std::size_t i = 0; i < count && begin + i < samples_.size(); ++i) {
      const double t = static_cast<double>(i) / rate;
      const double envelope = std::min({1.0, t / attack, (length_s - t) / release});
      samples_[begin + i] += static_cast<float>(gain * sound[i] * envelope);
    }
  }

  struct Resonator {
    Resonator(double hz, double width_hz) {
      const double radius = std::exp(-std::numbers::pi * width_hz / rate);
      a1 = 2 * radius * std::cos(2 * std::numbers::pi * hz / rate);
      a2 = -radius * radius;
    }
    double pass(double x) {
      const double y = x + a1 * y1 + a2 * y2;
      y2 = y1;
      y1 = y;
      return y;
    }
    double a1, a2, y1 = 0, y2 = 0;
  };

  std::vector<float> samples_;
};

inline std::int16_t to_sample(double value) {
  return static_cast<std::int16_t>(std::lround(std::clamp(value, -1.0, 0.99996) * 32768));
}

// G.711 mu-law there and back, as a telephone does to it.
inline double through_mu_law(double value) {
  constexpr double mu = 255;
  constexpr std::size_t codes = 128;
  // Where each code's sound begins, and what it becomes.
  static const auto table = [] {
    std::array<std::array<double, codes>, 2> made{};
    for (std::size_t i = 0; i < codes; ++i) {
      const auto back = [](double code) { return (std::pow(1 + mu, code / 127) - 1) / mu; };
      made[0][i] = back(static_cast<double>(i) - 0.5);
      made[1][i] = back(static_cast<double>(i));
    }
    return made;
  }();
  const double magnitude = std::abs(value);
  const auto above = std::upper_bound(table[0].begin() + 1, table[0].end(), magnitude);
  const double back = table[1][static_cast<std::size_t>(above - table[0].begin()) - 1];
  return value < 0 ? -back : back;
}

struct CallPath {
  double noise_dbfs = -100;   // of the caller's line, in ledger and recording alike
  bool mu_law = false;        // in the recording only
  double gain_wander_db = 0;  // of the recorder, slowly up and down by this much
  double recorder_noise_dbfs = -90;
  std::uint32_t bridge_rate_hz = 24000;
  std::uint32_t recorder_rate_hz = 16000;
  double line_echo = 0;       // of the assistant in what the bridge hears of the caller
  double line_echo_s = 0.35;  // how much later
};

class SpokenCall {
 public:
  SpokenCall(VoiceScript script, CallPath path)
      : script_(std::move(script)),
        path_(path),
        caller_(script_, Speaker::caller),
        assistant_(script_, Speaker::assistant),
        drops_(std::ranges::any_of(
            script_.utterances, [](const Utterance& one) { return one.heard_to_s < one.to_s; })) {}

  // For changes before anything is made of the call.
  Voice& voice(Speaker side) { return side == Speaker::caller ? caller_ : assistant_; }
  const VoiceScript& script() const { return script_; }
  const CallPath& path() const { return path_; }

  CallLevels levels() const {
    CallLevels out;
    const auto slots = static_cast<std::size_t>(script_.length_s * 50);
    out.witnessed = {{0, static_cast<std::int64_t>(slots)}};
    out.caller.resize(slots);
    out.assistant.resize(slots);
    Dice dice(script_.seed + 77);
    const std::size_t count = path_.bridge_rate_hz / 50;
    for (std::size_t k = 0; k < slots; ++k) {
      const double at_s = static_cast<double>(k) * 0.02;
      out.caller[k] = level_of(heard(Speaker::caller, at_s, count, dice));
      if (played(at_s + 0.01))
        out.assistant[k] = level_of(heard(Speaker::assistant, at_s, count, dice));
    }
    return out;
  }

  std::vector<std::int16_t> tap(Speaker side, Duration from, Duration length) const {
    Dice dice(script_.seed + 99);
    return heard(side, static_cast<double>(from.count()) * 1e-6,
                 static_cast<std::size_t>(length.count() * path_.bridge_rate_hz / 1'000'000), dice);
  }

  // Samples of the recording, as 16-bit PCM, from a nominal call time on. Unmixed: caller, then
  // assistant.
  Bytes render(double nominal_s, double length_s, bool unmixed = false) const {
    Bytes out;
    const auto frames = static_cast<std::size_t>(length_s * path_.recorder_rate_hz);
    out.reserve(frames * (unmixed ? 4 : 2));
    Dice dice(script_.seed + 55 + static_cast<std::uint64_t>(nominal_s * 10));
    const double noise = std::pow(10, path_.recorder_noise_dbfs / 20) * 2;
    const double line = std::pow(10, path_.noise_dbfs / 20) * 2;
    const std::size_t block = path_.recorder_rate_hz / 100;
    double caller_late = 0;
    double assistant_late = 0;
    double gain = 1;
    for (std::size_t i = 0; i < frames; ++i) {
      const double at = nominal_s + static_cast<double>(i) / path_.recorder_rate_hz;
      if (i % block == 0) {
        caller_late = late_by(Speaker::caller, at);
        assistant_late = late_by(Speaker::assistant, at);
        gain = std::pow(10, path_.gain_wander_db * std::sin(at * 0.21) / 20);
      }
      const double caller = caller_.at(at - caller_late) + line * dice.noise();
      const double assistant =
          dropped(at - assistant_late) ? 0 : assistant_.at(at - assistant_late);
      if (unmixed) {
        put(out, finish(caller) * gain + noise * dice.noise());
        put(out, finish(assistant) * gain + noise * dice.noise());
      } else {
        put(out, finish(caller + assistant) * gain + noise * dice.noise());
      }
    }
    return out;
  }

 private:
  // What the bridge had from that call time on.
  std::vector<std::int16_t> heard(Speaker side, double from_s, std::size_t count,
                                  Dice& dice) const {
    const double noise = side == Speaker::caller ? std::pow(10, path_.noise_dbfs / 20) * 2 : 0;
    std::vector<std::int16_t> out(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double at = from_s + static_cast<double>(i) / path_.bridge_rate_hz;
      double value = side == Speaker::caller ? caller_.at(at) : assistant_.at(at);
      if (noise > 0) value += noise * dice.noise();
      if (side == Speaker::caller && path_.line_echo > 0)
        value += path_.line_echo * assistant_.at(at - path_.line_echo_s);
      out[i] = to_sample(value);
    }
    return out;
  }

  // Whether the assistant's queue had something to play.
  bool played(double call_s) const {
    return std::ranges::any_of(script_.utterances, [&](const Utterance& one) {
      return one.side == Speaker::assistant && one.from_s <= call_s && call_s < one.to_s;
    });
  }
  bool dropped(double call_s) const {
    if (!drops_) return false;
    return std::ranges::any_of(script_.utterances, [&](const Utterance& one) {
      return one.heard_to_s <= call_s && call_s < one.to_s;
    });
  }

  double late_by(Speaker side, double nominal_s) const {
    return script_.shift_s(side, nominal_s - script_.shift_s(side, nominal_s));
  }
  double finish(double value) const { return path_.mu_law ? through_mu_law(value) : value; }
  static void put(Bytes& out, double value) {
    const auto sample = static_cast<std::uint16_t>(to_sample(value));
    out.push_back(static_cast<std::uint8_t>(sample));
    out.push_back(static_cast<std::uint8_t>(sample >> 8));
  }

  VoiceScript script_;
  CallPath path_;
  Voice caller_;
  Voice assistant_;
  bool drops_;
};

// Two parties in turns; the caller interrupts now and then, and after that the assistant's delay is
// another one.
inline VoiceScript make_conversation(std::uint64_t seed, double length_s) {
  Dice dice(seed + 1000);
  VoiceScript script{.length_s = length_s, .seed = seed};
  const double caller_ms = dice.between(-150, -20);
  double assistant_ms = dice.between(150, 400);
  script.caller.push_back({0, caller_ms});
  script.assistant.push_back({0, assistant_ms});
  double at = dice.between(0.5, 2);
  while (at < length_s - 3) {
    const double turn = dice.between(2, 9);
    const bool interrupted = dice.chance(0.3);
    const double spoken =
        std::min(interrupted ? turn * dice.between(0.4, 0.9) : turn, length_s - 1 - at);
    script.utterances.push_back({Speaker::assistant, at, at + spoken});
    // What comes after a run that was stopped, or ran dry, has another delay.
    const double next_ms = dice.between(150, 400);
    if (interrupted || dice.chance(0.2)) assistant_ms = next_ms;
    script.assistant.push_back({at + spoken + 0.01, assistant_ms});
    double caller_at =
        at + spoken + (interrupted ? -dice.between(0.4, 1.2) : dice.between(0.4, 1.5));
    caller_at = std::max(caller_at, at + 0.2);
    const double answer = dice.between(0.8, 6);
    if (caller_at + answer < length_s - 1)
      script.utterances.push_back({Speaker::caller, caller_at, caller_at + answer});
    at = std::max(caller_at + answer, at + spoken) + dice.between(0.5, 1.6);
  }
  return script;
}

// A part of the recording as one stretch, metered from its bytes. Its metadata claims that it began
// `claimed_late_s` later than it did.
struct Part {
  double start_s = 0.3;
  double length_s = 0;  // 0: to just before the call's end
  double claimed_late_s = 0;
  bool unmixed = false;
  std::uint32_t chunk = 0;
};

inline StretchLevels recorded_part(const SpokenCall& call, const Part& part = {}) {
  const AudioFormat format{call.path().recorder_rate_hz,
                           static_cast<std::uint16_t>(part.unmixed ? 2 : 1), 16};
  const double length_s =
      part.length_s > 0 ? part.length_s : call.script().length_s - part.start_s - 0.5;
  const Bytes bytes = call.render(part.start_s, length_s, part.unmixed);
  const RecordedStretch stretch{
      .recording = {"rec"},
      .chunk = {part.chunk},
      .frames = bytes.size() / format.frame_bytes(),
      .rate_hz = format.sample_rate_hz,
      .nominal_start = Duration(std::llround((part.start_s + part.claimed_late_s) * 1e6))};
  ChunkLevelMeter meter(format, {stretch});
  meter.feed(bytes);
  return meter.finish().at(0);
}

// What a tap and a chunk hold of a window, for a mixed recording of one part.
inline FetchedWindow fetch_window(const SpokenCall& call, const WaveformWindow& window,
                                  const Part& part = {}) {
  const std::uint32_t rate = call.path().recorder_rate_hz;
  const Bytes bytes = call.render(part.start_s + static_cast<double>(window.first_frame) / rate,
                                  static_cast<double>(window.frames) / rate);
  return {.window = window,
          .tap = call.tap(window.side, window.tap_from, window.tap_length),
          .tap_rate_hz = call.path().bridge_rate_hz,
          .recorded = decode_pcm(bytes, {rate, 1, 16}, {}),
          .recorded_rate_hz = rate};
}

inline std::vector<FetchedWindow> fetch_windows(const SpokenCall& call,
                                                const std::vector<WaveformWindow>& windows,
                                                const Part& part = {}) {
  std::vector<FetchedWindow> fetched;
  fetched.reserve(windows.size());
  for (const WaveformWindow& window : windows) fetched.push_back(fetch_window(call, window, part));
  return fetched;
}

}  // namespace earshot::recording::testing
