#pragma once
// For tests and benchmarks: two parties who talk, what a bridge's ledger and tap would hold of it,
// and what a recorder would write that gets either voice with a delay of its own. Made from a
// script and a seed, by nothing that the alignment uses: the delays put in are the truth to compare
// with.

#include "base/bytes.hpp"
#include "domain/level_meter.hpp"
#include "recording/level_track.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numbers>
#include <random>
#include <vector>

namespace earshot::recording::testing {

// Not SeededRandom, whose lock costs too much a sample.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed * 2654435761U + 12345) {}
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  bool chance(double probability) { return unit() < probability; }
  double noise() { return unit() + unit() + unit() - 1.5; }  // variance 1/4

 private:
  std::mt19937_64 engine_;
};

struct Utterance {
  Speaker side = Speaker::caller;
  double from_s = 0;
  double to_s = 0;
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
  void repeat(double from_s, double length_s, double at_s) {
    const auto from = static_cast<std::size_t>(from_s * rate);
    const auto to = static_cast<std::size_t>(at_s * rate);
    for (std::size_t i = 0; i < static_cast<std::size_t>(length_s * rate); ++i)
      if (to + i < samples_.size()) samples_[to + i] = samples_[from + i];
  }
  std::vector<float>& samples() { return samples_; }

  double at(double seconds) const {
    const double position = seconds * rate;
    const auto i = static_cast<std::int64_t>(std::floor(position));
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
  const double magnitude = std::min(1.0, std::abs(value));
  const double code = std::round(std::log1p(mu * magnitude) / std::log1p(mu) * 127) / 127;
  const double back = (std::pow(1 + mu, code) - 1) / mu;
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
        assistant_(script_, Speaker::assistant) {}

  Voice& voice(Speaker side) { return side == Speaker::caller ? caller_ : assistant_; }
  const VoiceScript& script() const { return script_; }

  // What the bridge had at call time.
  double heard(Speaker side, double call_s) const {
    if (side == Speaker::assistant) return played(call_s) ? assistant_.at(call_s) : 0;
    double value = caller_.at(call_s);
    if (path_.line_echo > 0)
      value += path_.line_echo * heard(Speaker::assistant, call_s - path_.line_echo_s);
    return value;
  }
  // Whether the assistant's queue had something to play.
  bool played(double call_s) const {
    return std::ranges::any_of(script_.utterances, [&](const Utterance& one) {
      return one.side == Speaker::assistant && one.from_s <= call_s && call_s < one.to_s;
    });
  }

  CallLevels levels() const {
    CallLevels out;
    const auto slots = static_cast<std::size_t>(script_.length_s * 50);
    out.witnessed = {{0, static_cast<std::int64_t>(slots)}};
    out.caller.resize(slots);
    out.assistant.resize(slots);
    Dice dice(script_.seed + 77);
    const double noise = std::pow(10, path_.noise_dbfs / 20) * 2;
    const std::size_t count = path_.bridge_rate_hz / 50;
    std::vector<std::int16_t> samples(count);
    for (std::size_t k = 0; k < slots; ++k) {
      const double at_s = static_cast<double>(k) * 0.02;
      for (std::size_t i = 0; i < count; ++i)
        samples[i] =
            to_sample(heard(Speaker::caller, at_s + static_cast<double>(i) / path_.bridge_rate_hz) +
                      noise * dice.noise());
      out.caller[k] = level_of(samples);
      if (!played(at_s + 0.01)) continue;
      for (std::size_t i = 0; i < count; ++i)
        samples[i] = to_sample(
            heard(Speaker::assistant, at_s + static_cast<double>(i) / path_.bridge_rate_hz));
      out.assistant[k] = level_of(samples);
    }
    return out;
  }

  std::vector<std::int16_t> tap(Speaker side, Duration from, Duration length) const {
    Dice dice(script_.seed + 99);
    const double noise = side == Speaker::caller ? std::pow(10, path_.noise_dbfs / 20) * 2 : 0;
    const double from_s = static_cast<double>(from.count()) * 1e-6;
    std::vector<std::int16_t> out(
        static_cast<std::size_t>(length.count() * path_.bridge_rate_hz / 1'000'000));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = to_sample(heard(side, from_s + static_cast<double>(i) / path_.bridge_rate_hz) +
                         noise * dice.noise());
    return out;
  }

  // One side in the recording, at the recorder's (nominal) call time.
  double recorded(Speaker side, double nominal_s) const {
    const double guess = nominal_s - script_.shift_s(side, nominal_s);
    const double call_s = nominal_s - script_.shift_s(side, guess);
    return side == Speaker::caller ? caller_.at(call_s) : heard(Speaker::assistant, call_s);
  }

  // Samples of the recording, as 16-bit PCM, from a nominal time on.
  Bytes render(double nominal_s, double length_s, bool unmixed = false) const {
    Bytes out;
    const auto frames = static_cast<std::size_t>(length_s * path_.recorder_rate_hz);
    out.reserve(frames * (unmixed ? 4 : 2));
    Dice dice(script_.seed + 55 + static_cast<std::uint64_t>(nominal_s * 10));
    const double noise = std::pow(10, path_.recorder_noise_dbfs / 20) * 2;
    const double line = std::pow(10, path_.noise_dbfs / 20) * 2;
    for (std::size_t i = 0; i < frames; ++i) {
      const double at = nominal_s + static_cast<double>(i) / path_.recorder_rate_hz;
      const double caller = recorded(Speaker::caller, at) + line * dice.noise();
      const double assistant = recorded(Speaker::assistant, at);
      if (unmixed) {
        put(out, finish(caller, at) + noise * dice.noise());
        put(out, finish(assistant, at) + noise * dice.noise());
      } else {
        put(out, finish(caller + assistant, at) + noise * dice.noise());
      }
    }
    return out;
  }

 private:
  double finish(double value, double at) const {
    if (path_.mu_law) value = through_mu_law(value);
    if (path_.gain_wander_db != 0)
      value *= std::pow(10, path_.gain_wander_db * std::sin(at * 0.21) / 20);
    return value;
  }
  static void put(Bytes& out, double value) {
    const auto sample = static_cast<std::uint16_t>(to_sample(value));
    out.push_back(static_cast<std::uint8_t>(sample));
    out.push_back(static_cast<std::uint8_t>(sample >> 8));
  }

  VoiceScript script_;
  CallPath path_;
  Voice caller_;
  Voice assistant_;
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

}  // namespace earshot::recording::testing
