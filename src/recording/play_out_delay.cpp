#include "recording/play_out_delay.hpp"

#include "domain/level_meter.hpp"
#include "recording/detail/level_scale.hpp"
#include "recording/detail/recorded_channels.hpp"
#include "recording/waveform_match.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace earshot::recording {

namespace {

// Wider than this is a run that was not found for itself.
constexpr Duration found_within = 100ms;
constexpr Duration cut_window_max = 5s;

double ms_of(Duration duration) { return static_cast<double>(duration.count()) / 1000; }
Duration from_ms(double ms) { return Duration(std::llround(ms * 1000)); }

const MappingPiece* found_piece(const Alignment& alignment, const CutTurn& turn) {
  // Its first words lie in the run for certain; its end is what is looked for.
  const Duration at =
      turn.start + std::min<Duration>(Duration(500ms), (turn.stop - turn.start) / 2);
  const MappingPiece* piece = piece_at(alignment.mapping, Speaker::assistant, at);
  if (!piece || piece->basis == MappingBasis::metadata || piece->uncertainty > found_within)
    return nullptr;
  return piece;
}

}  // namespace

std::vector<PlayOutDelay> measure_play_out(const Alignment& alignment) {
  std::vector<PlayOutDelay> delays;
  for (const DelayRun& run : alignment.runs) {
    if (run.side != Speaker::assistant) continue;
    const auto window = std::ranges::find_if(alignment.windows, [&](const AlignedWindow& one) {
      return one.side == Speaker::assistant && one.from >= run.from && one.from < run.to;
    });
    if (window == alignment.windows.end()) continue;
    const Duration middle = (window->from + window->to) / 2;
    const MappingPiece* assistant = piece_at(alignment.mapping, Speaker::assistant, middle);
    const MappingPiece* caller = piece_at(alignment.mapping, Speaker::caller, middle);
    if (!assistant || !caller || caller->basis == MappingBasis::metadata ||
        assistant->basis == MappingBasis::metadata)
      continue;
    delays.push_back({.from = run.from,
                      .to = run.to,
                      .shift = assistant->shift,
                      .round_trip = assistant->shift - caller->shift,
                      .uncertainty = assistant->uncertainty + caller->uncertainty,
                      .basis = std::min(assistant->basis, caller->basis)});
  }
  return delays;
}

// --- where a cut utterance ended, by levels ---

namespace {

// Evidence of one slot is bounded: a door that slams is no proof.
constexpr double slot_evidence_max = 4;
constexpr double level_error_db = 3;
// Within this of the best place another one is as good.
constexpr double lead = 3;
// Fewer slots than this in which the assistant would be heard say nothing.
constexpr int telling_slots_min = 5;

double power_at(const std::vector<std::uint8_t>& levels, std::int64_t slot) {
  if (slot < 0 || slot >= static_cast<std::int64_t>(levels.size())) return 0;
  const std::uint8_t level = levels[static_cast<std::size_t>(slot)];
  return level < level_lowest ? 0 : std::pow(10, level_dbfs(level) / 10);
}

// Between the slots, as if power were even within each.
double power_between(const std::vector<std::uint8_t>& levels, double slot) {
  const double floor = std::floor(slot);
  const auto k = static_cast<std::int64_t>(floor);
  const double rest = slot - floor;
  return (1 - rest) * power_at(levels, k) + rest * power_at(levels, k + 1);
}

double db_of(double power) { return 10 * std::log10(std::max(power, 1e-9)); }

double slots_of(Duration duration) {
  return static_cast<double>(duration.count()) / static_cast<double>(level_slot.count());
}

// Levels of both sides at a slot of the recording, as the mapping has them.
struct Expected {
  double assistant = 0;
  double caller = 0;
};

class CutFinder {
 public:
  CutFinder(const Alignment& alignment, const CallLevels& call, const StretchLevels& levels,
            bool mixed, std::optional<std::uint32_t> channel, const MappingPiece& piece)
      : alignment_(alignment),
        call_(call),
        stretch_(levels.stretch),
        recorded_(detail::levels_of(levels, {.mixed = mixed, .caller = {}, .assistant = channel},
                                    Speaker::assistant)),
        mixed_(mixed),
        piece_(piece) {}

  std::optional<HeardUntil> find(const CutTurn& turn);

 private:
  Expected expected_at(std::int64_t n) const;
  double gain(Speaker side, std::int64_t from, std::int64_t to) const;
  // Recording slot in which that call time of the assistant lies.
  double slot_of(Duration call_time) const {
    return slots_of(call_time + piece_.shift - stretch_.nominal_start);
  }
  Duration call_time_of(double slot) const {
    return stretch_.nominal_start - piece_.shift +
           Duration(std::llround(slot * static_cast<double>(level_slot.count())));
  }

  const Alignment& alignment_;
  const CallLevels& call_;
  const RecordedStretch& stretch_;
  std::vector<std::uint8_t> recorded_;
  bool mixed_;
  const MappingPiece& piece_;
};

Expected CutFinder::expected_at(std::int64_t n) const {
  const Duration nominal = stretch_.nominal_start + n * level_slot;
  Expected expected;
  expected.assistant = power_between(call_.assistant, slots_of(nominal - piece_.shift));
  if (!mixed_) return expected;
  if (const MappingPiece* piece = piece_of_nominal(alignment_.mapping, Speaker::caller,
                                                   stretch_.recording, stretch_.chunk, nominal))
    expected.caller = power_between(call_.caller, slots_of(nominal - piece->shift));
  return expected;
}

// Of the recording over the ledger where that side is alone; 1 when it never is.
double CutFinder::gain(Speaker side, std::int64_t from, std::int64_t to) const {
  std::vector<double> gains;
  for (std::int64_t n = std::max<std::int64_t>(0, from);
       n < std::min(to, static_cast<std::int64_t>(recorded_.size())); ++n) {
    const Expected expected = expected_at(n);
    const double own = side == Speaker::caller ? expected.caller : expected.assistant;
    const double other = side == Speaker::caller ? expected.assistant : expected.caller;
    if (db_of(own) > -45 && db_of(own) > db_of(other) + 10)
      gains.push_back(db_of(power_at(recorded_, n)) - db_of(own));
  }
  if (gains.size() < 5) return 1;
  const auto middle = gains.begin() + static_cast<long>(gains.size() / 2);
  std::ranges::nth_element(gains, middle);
  return std::pow(10, *middle / 10);
}

std::optional<HeardUntil> CutFinder::find(const CutTurn& turn) {
  const auto first = static_cast<std::int64_t>(std::llround(slot_of(turn.start)));
  const auto last = static_cast<std::int64_t>(std::floor(slot_of(turn.stop)));
  if (first < 0 || last >= static_cast<std::int64_t>(recorded_.size())) return {};
  // The beginning of the run was heard for certain.
  const std::int64_t sure = first + std::max<std::int64_t>((last - first) / 2, 10);
  const double assistant_gain = gain(Speaker::assistant, first, std::min(sure, last));
  const double caller_gain = gain(Speaker::caller, first - 1500, last + 1500);
  const double noise = std::pow(10, -6.5);

  double sum = 0;
  double most = 0;
  int telling = 0;
  std::vector<double> sums{0};
  for (std::int64_t n = first; n < last; ++n) {
    const Expected expected = expected_at(n);
    const double without = db_of(expected.caller * caller_gain + noise);
    const double with =
        db_of(expected.caller * caller_gain + expected.assistant * assistant_gain + noise);
    const double there = db_of(power_at(recorded_, n) + noise);
    const double evidence = (std::abs(there - without) - std::abs(there - with)) / level_error_db;
    if (with - without > level_error_db) ++telling;
    sum += std::clamp(evidence, -slot_evidence_max, slot_evidence_max);
    sums.push_back(sum);
    most = std::max(most, sum);
  }
  if (telling < telling_slots_min || most < lead) return {};
  // All places that are nearly as good as the best.
  std::size_t low = sums.size();
  std::size_t high = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] < most - lead) continue;
    low = std::min(low, i);
    high = std::max(high, i);
  }
  const auto base = static_cast<double>(first);
  const Duration from = call_time_of(base + static_cast<double>(low));
  const Duration to = std::min(turn.stop, call_time_of(base + static_cast<double>(high)));
  return HeardUntil{.at = std::clamp((from + to) / 2, turn.start, turn.stop),
                    .uncertainty = (to - from) / 2 + level_slot + piece_.uncertainty,
                    .basis = MappingBasis::levels};
}

}  // namespace

std::optional<HeardUntil> heard_until(const Alignment& alignment, const CallLevels& call,
                                      std::span<const StretchLevels> recorded,
                                      const CutTurn& turn) {
  const MappingPiece* piece = found_piece(alignment, turn);
  if (!piece) return {};
  for (std::size_t i = 0; i < recorded.size() && i < alignment.stretches.size(); ++i) {
    const RecordedStretch& stretch = recorded[i].stretch;
    const Duration nominal = turn.start + piece->shift;
    if (stretch.chunk != piece->chunk || stretch.recording != piece->recording ||
        nominal < stretch.nominal_start || nominal >= stretch.nominal_end())
      continue;
    const auto channel = alignment.stretches[i].assistant.channel;
    return CutFinder(alignment, call, recorded[i], !channel, channel, *piece).find(turn);
  }
  return {};
}

// --- by the waveform ---

std::optional<WaveformWindow> propose_cut_window(const Alignment& alignment, const CutTurn& turn) {
  const MappingPiece* piece = found_piece(alignment, turn);
  if (!piece) return {};
  for (std::size_t i = 0; i < alignment.stretches.size(); ++i) {
    const RecordedStretch& stretch = alignment.stretches[i].stretch;
    const Duration from = std::max(turn.start, turn.stop - cut_window_max);
    const Duration begin = from + piece->shift - piece->uncertainty - stretch.nominal_start;
    const Duration length = turn.stop - from + 2 * piece->uncertainty + 20ms;
    if (stretch.chunk != piece->chunk || stretch.recording != piece->recording ||
        begin < Duration{0} || begin + length > stretch.length())
      continue;
    const auto frames = [&](Duration time) {
      return static_cast<std::uint64_t>(static_cast<double>(time.count()) * 1e-6 * stretch.rate_hz);
    };
    return WaveformWindow{.side = Speaker::assistant,
                          .stretch = i,
                          .tap_from = from,
                          .tap_length = turn.stop - from,
                          .chunk = stretch.chunk,
                          .first_frame = stretch.first_frame + frames(begin),
                          .frames = frames(length),
                          .channel = alignment.stretches[i].assistant.channel};
  }
  return {};
}

namespace {

constexpr std::size_t part_samples = match_rate_hz / 50;  // 20 ms
constexpr std::size_t step_samples = part_samples / 4;
// What 20 ms of speech, with its few formants, are worth in independent samples.
constexpr double independent_in_part = 15;
// -60 dBFS, tilted: a part below it is silence.
constexpr double noise_power = 1e-6;
// A third of a part is enough for it to be recognised.
constexpr std::int64_t part_reaches = part_samples / 3;

double power_of(std::span<const float> samples) {
  double sum = 0;
  for (const float sample : samples) sum += double{sample} * double{sample};
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

std::span<const float> cut(std::span<const float> samples, double at_ms, std::size_t length) {
  const auto at = std::lround(at_ms * match_rate_hz / 1000);
  if (at < 0 || static_cast<std::size_t>(at) + length > samples.size()) return {};
  return samples.subspan(static_cast<std::size_t>(at), length);
}

// For "it is there" when positive. `share`: of the recorded power, what would be the assistant's.
// The louder the caller is over it, the less either answer weighs.
double evidence_of(double correlation, double share) {
  const double expected = std::atanh(std::sqrt(std::clamp(share, 0.0, 0.8)));
  const double z = std::atanh(std::clamp(correlation, -0.95, 0.95));
  constexpr double overlap = static_cast<double>(part_samples) / step_samples;
  return (2 * z * expected - expected * expected) * independent_in_part / 2 / overlap;
}

}  // namespace

std::optional<HeardUntil> heard_until(const Alignment& alignment, const FetchedWindow& fetched,
                                      const CutTurn& turn) {
  const WaveformWindow& window = fetched.window;
  if (window.stretch >= alignment.stretches.size()) return {};
  const auto sound = prepare_for_match(fetched.tap, fetched.tap_rate_hz);
  const auto within = prepare_for_match(fetched.recorded, fetched.recorded_rate_hz);
  if (sound.size() < 2 * part_samples || within.size() <= sound.size()) return {};
  // The beginning gives the exact place, the parts behind it say how long it goes on.
  const RecordedStretch& stretch = alignment.stretches[window.stretch].stretch;
  const MappingPiece* piece = found_piece(alignment, turn);
  if (!piece) return {};
  const std::span<const float> head =
      std::span(sound).first(std::max(sound.size() / 2, 2 * part_samples));
  const std::size_t slack = within.size() - sound.size();
  const auto match = find_waveform(head, std::span(within).first(head.size() + slack));
  const double offset_ms =
      match ? match->offset_ms
            : ms_of(window.tap_from + piece->shift - stretch.nominal_of(window.first_frame));
  const double gain = match ? power_of(cut(within, offset_ms, head.size())) * match->correlation *
                                  match->correlation / power_of(head)
                            : 1;
  double sum = 0;
  double most = 0;
  std::vector<double> sums{0};
  for (std::size_t at = 0; at + part_samples <= sound.size(); at += step_samples) {
    const auto part = std::span<const float>(sound).subspan(at, part_samples);
    const double at_ms = offset_ms + static_cast<double>(at) * 1000 / match_rate_hz;
    const double there = power_of(cut(within, at_ms, part_samples)) + noise_power;
    const double share = power_of(part) * gain / there;
    // What is silent in the recording is as good as another sound in it.
    sum += evidence_of(correlation_at_offset(part, within, at_ms), share);
    sums.push_back(sum);
    most = std::max(most, sum);
  }
  if (most < lead) return {};
  std::size_t low = sums.size();
  std::size_t high = 0;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] < most - 1.5) continue;
    low = std::min(low, i);
    high = std::max(high, i);
  }
  const auto time_of = [&](std::size_t i) {
    return window.tap_from +
           from_ms(static_cast<double>(static_cast<std::int64_t>(i * step_samples) -
                                       static_cast<std::int64_t>(step_samples) + part_reaches) *
                   1000 / match_rate_hz);
  };
  const Duration from = time_of(low);
  const Duration to = std::min(turn.stop, time_of(high));
  return HeardUntil{.at = std::clamp((from + to) / 2, turn.start, turn.stop),
                    .uncertainty = std::max(Duration{0}, to - from) / 2 + 20ms +
                                   (match ? 1ms : piece->uncertainty),
                    .basis = MappingBasis::waveform};
}

}  // namespace earshot::recording
