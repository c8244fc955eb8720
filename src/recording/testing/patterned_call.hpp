#pragma once
// For tests: calls whose sound is regular (beeps, ringing, a metronome, a phrase said over and
// over), as the loudness that a bridge's ledger and a recorder would note of it. Made from a seed,
// a value each millisecond, by nothing that the alignment uses; the delays put in are the truth to
// compare with.

#include "domain/level_meter.hpp"
#include "recording/alignment.hpp"
#include "recording/testing/spoken_call.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace earshot::recording::testing {

enum class Pattern { beeps, ring, double_ring, metronome, phrase, uneven_beeps, speech };
inline constexpr int patterns = 7;

// What one party is heard to do.
struct PatternedVoice {
  Pattern pattern = Pattern::speech;
  double from_s = 1;
  double to_s = 1;
  double period_s = 1;
  double sound_s = 0.2;     // of each period
  bool in_one_run = false;  // of the assistant: silence between the sounds is played too
};

struct PatternedCall {
  PatternedVoice caller;
  PatternedVoice assistant;
  double length_s = 60;
  double caller_late_s = -0.08;    // in the recording, of the bridge
  double assistant_late_s = 0.25;  // likewise
  double drift_ppm = 0;
  double noise_dbfs = -60;
  double scatter_db = 0.5;  // of each level
  bool unmixed = false;
  std::uint64_t seed = 1;

  double late_s(Speaker side, double call_s) const {
    return (side == Speaker::caller ? caller_late_s : assistant_late_s) + drift_ppm * 1e-6 * call_s;
  }
};

class PatternedSound {
 public:
  explicit PatternedSound(const PatternedCall& call)
      : call_(call),
        caller_(made(call, call.caller, 1)),
        assistant_(made(call, call.assistant, 2)),
        played_(played(call)) {}

  CallLevels ledger() const {
    CallLevels out;
    const auto slots = static_cast<std::size_t>(call_.length_s * 50);
    out.witnessed = {{0, static_cast<std::int64_t>(slots)}};
    out.caller.reserve(slots);
    out.assistant.reserve(slots);
    Dice dice(call_.seed * 3 + 1);
    for (std::size_t k = 0; k < slots; ++k) {
      const double at = static_cast<double>(k) * 0.02;
      out.caller.push_back(level(power(caller_, at) + noise(), dice));
      const auto from = played_.begin() + static_cast<std::ptrdiff_t>(k * 20);
      const bool played = std::find(from, from + 20, 1) != from + 20;
      out.assistant.push_back(played ? level(power(assistant_, at), dice) : level_no_data);
    }
    return out;
  }

  // The recorder's samples from `from_s` of call time on, of which the metadata claims that they
  // begin `claimed_late_s` later.
  StretchLevels recorded(double from_s, double length_s, double claimed_late_s,
                         std::uint32_t chunk = 0) const {
    StretchLevels out;
    out.stretch = {.recording = {"rec"},
                   .chunk = {chunk},
                   .frames = static_cast<std::uint64_t>(length_s * 16'000),
                   .rate_hz = 16'000,
                   .nominal_start = Duration(std::llround((from_s + claimed_late_s) * 1e6))};
    out.channels.resize(call_.unmixed ? 2 : 1);
    Dice dice(call_.seed * 5 + chunk);
    for (std::size_t n = 0; n < static_cast<std::size_t>(length_s * 50); ++n) {
      const double at = from_s + static_cast<double>(n) * 0.02;
      const double caller = power(caller_, at - call_.late_s(Speaker::caller, at)) + noise();
      const double assistant = power(assistant_, at - call_.late_s(Speaker::assistant, at));
      if (call_.unmixed) {
        out.channels[0].push_back(level(caller, dice));
        out.channels[1].push_back(level(assistant + noise(), dice));
      } else {
        out.channels[0].push_back(level(caller + assistant, dice));
      }
    }
    return out;
  }

  // Whether that side makes a sound then.
  bool sounds(Speaker side, double call_s) const {
    return power(side == Speaker::caller ? caller_ : assistant_, call_s) > 1e-5;
  }

 private:
  using Power = std::vector<float>;  // each millisecond

  static Power made(const PatternedCall& call, const PatternedVoice& voice, std::uint64_t salt) {
    Power out(static_cast<std::size_t>(call.length_s * 1000) + 1000);
    Dice dice(call.seed * 7 + salt);
    if (voice.pattern == Pattern::speech) {
      speak(out, voice.from_s, voice.to_s, dice);
      return out;
    }
    Power one(static_cast<std::size_t>(voice.period_s * 1000) + 1);
    Dice phrase(call.seed * 11 + salt);
    if (voice.pattern == Pattern::phrase) speak(one, 0, voice.sound_s, phrase);
    for (double at = voice.from_s; at + voice.sound_s < voice.to_s; at += voice.period_s) {
      const double off =
          voice.pattern == Pattern::uneven_beeps ? dice.between(0, 0.25) * voice.period_s : 0;
      if (voice.pattern == Pattern::phrase)
        copy(one, out, at);
      else if (voice.pattern == Pattern::double_ring)
        for (const double part : {0.0, 0.6})
          tone(out, at + part * voice.sound_s, voice.sound_s * 0.4);
      else
        tone(out, at + off, voice.sound_s);
    }
    return out;
  }

  static void tone(Power& out, double from_s, double length_s) {
    const auto begin = static_cast<std::size_t>(from_s * 1000);
    const auto count = static_cast<std::size_t>(length_s * 1000);
    for (std::size_t i = begin; i < std::min(out.size(), begin + count); ++i) out[i] = 0.01F;
  }

  static void copy(const Power& one, Power& out, double at_s) {
    const auto begin = static_cast<std::size_t>(at_s * 1000);
    for (std::size_t i = 0; i < one.size() && begin + i < out.size(); ++i)
      out[begin + i] = std::max(out[begin + i], one[i]);
  }

  // Syllables of uneven length and loudness.
  static void speak(Power& out, double from_s, double to_s, Dice& dice) {
    double at = from_s;
    while (at < to_s) {
      const double length = std::min(dice.between(0.08, 0.25), to_s - at);
      const double loud = std::pow(10, dice.between(-3.5, -1.5));
      const auto begin = static_cast<std::size_t>(at * 1000);
      const auto count = static_cast<std::size_t>(length * 1000);
      for (std::size_t i = 0; i < count && begin + i < out.size(); ++i) {
        const double x = static_cast<double>(std::min(i, count - i)) / 30;
        out[begin + i] = static_cast<float>(loud * std::min(1.0, x * x));
      }
      at += length + (dice.chance(0.3) ? dice.between(0.1, 0.3) : 0.03);
    }
  }

  static std::vector<std::uint8_t> played(const PatternedCall& call) {
    std::vector<std::uint8_t> out(static_cast<std::size_t>(call.length_s * 1000) + 1000);
    const PatternedVoice& voice = call.assistant;
    const auto mark = [&](double from_s, double to_s) {
      for (auto i = static_cast<std::size_t>(from_s * 1000);
           i < std::min(out.size(), static_cast<std::size_t>(to_s * 1000)); ++i)
        out[i] = 1;
    };
    if (voice.in_one_run || voice.pattern == Pattern::speech) {
      mark(voice.from_s, voice.to_s);
      return out;
    }
    for (double at = voice.from_s; at + voice.sound_s < voice.to_s; at += voice.period_s)
      mark(at, at + voice.sound_s +
                   (voice.pattern == Pattern::uneven_beeps ? 0.25 * voice.period_s : 0));
    return out;
  }

  static double power(const Power& power, double from_s) {
    double sum = 0;
    const auto begin = std::llround(from_s * 1000);
    for (std::int64_t k = begin; k < begin + 20; ++k)
      if (k >= 0 && k < static_cast<std::int64_t>(power.size()))
        sum += double{power[static_cast<std::size_t>(k)]};
    return sum / 20;
  }

  double noise() const { return std::pow(10, call_.noise_dbfs / 10); }

  std::uint8_t level(double power, Dice& dice) const {
    if (power <= 0) return level_silence;
    const double db = 10 * std::log10(power) + call_.scatter_db * 2 * dice.noise();
    return static_cast<std::uint8_t>(
        std::clamp(std::round(255 + db / level_db_per_step), double{level_lowest}, 255.0));
  }

  PatternedCall call_;
  Power caller_;
  Power assistant_;
  std::vector<std::uint8_t> played_;
};

}  // namespace earshot::recording::testing
