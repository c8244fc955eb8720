#pragma once
// Estimates the clock mapping (domain/clock_mapping.hpp) from what the bridge's ledger says was
// audible and what ACS's chunks hold; and, where there is a tap, from its samples. Pure: it says
// which samples it wants to see, and is shown them.
//
//   auto alignment = align_by_levels(call, recorded, options);
//   for (auto& window : propose_windows(alignment, call, options)) …fetch both sides of it…
//   refine(alignment, fetched, options);
//
// In a mixed file a side is judged only where the ledger says that the other one was quiet, with a
// guard around it. Nothing is forced: a side of which too little was said, whose sound fits in two
// places equally well, or whose sound is not there, keeps the metadata's times and says why.

#include "base/time.hpp"
#include "domain/clock_mapping.hpp"
#include "recording/level_track.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace earshot::recording {

struct AlignmentOptions {
  RecordingChannels channels = RecordingChannels::mixed;
  // Of an unmixed file, where participants tell; otherwise found by correlation.
  std::optional<std::uint32_t> caller_channel;
  std::optional<std::uint32_t> assistant_channel;

  Duration search{3s};        // around the metadata's times, either way
  Duration search_wide{60s};  // where nothing fits in `search`, or a chunk has no start
  Duration guard{500ms};      // the sides' delays differ by no more than this
  double drift_ppm_max = 300;

  // The half-width that is given to the metadata's times where nothing confirms them.
  Duration metadata_uncertainty{2s};

  std::size_t windows_max = 256;  // that propose_windows asks for
  Duration window_length{1200ms};
  Duration waveform_search{60ms};  // around the levels' estimate, either way
};

enum class AlignmentOutcome {
  aligned,          // by levels or waveform
  too_little_said,  // by this side, with the other one quiet
  ambiguous,        // fits in several places: repeated phrases, music
  does_not_match,   // enough was said, and the recording holds other sound: not this call's
  not_heard,        // enough was said, and the recording is silent there
};

// Of one side in one stretch, or in all.
struct AlignmentQuality {
  AlignmentOutcome outcome = AlignmentOutcome::too_little_said;
  Duration speech{0};       // by the ledger, where this side could be judged
  Duration matched{0};      // of it, what lies in pieces with a basis other than metadata
  double score = 0;         // 0..1: correlation of the levels at the shifts chosen
  std::size_t windows = 0;  // of levels, that were judged
  std::size_t windows_agreeing = 0;
  std::size_t waveform_windows = 0;
  std::size_t waveform_windows_agreeing = 0;
  std::optional<std::uint32_t> channel;  // of an unmixed file
};

struct StretchAlignment {
  RecordedStretch stretch;
  AlignmentQuality caller;
  AlignmentQuality assistant;
  const AlignmentQuality& of(Speaker side) const {
    return side == Speaker::caller ? caller : assistant;
  }
};

// One estimate of a shift, from some seconds of speech.
struct AlignedWindow {
  Speaker side = Speaker::caller;
  std::size_t stretch = 0;  // index into Alignment::stretches
  Duration from{0};         // call time
  Duration to{0};
  Duration at{0};  // of which the shift is true
  Duration speech{0};
  double shift_ms = 0;
  double sigma_ms = 0;
  double score = 0;
  bool starts_run = false;  // the delay may differ from the window's before it
  MappingBasis basis = MappingBasis::levels;
};

// Call time in which one side's delay has no reason to change: a play-out run of the assistant's,
// the caller between two breaks of its clock.
struct DelayRun {
  Speaker side = Speaker::caller;
  Duration from{0};
  Duration to{0};  // where the next one begins
};

struct Alignment {
  ClockMapping mapping;  // covers each stretch, on both sides
  std::vector<StretchAlignment> stretches;
  std::vector<AlignedWindow> windows;  // ascending by side, stretch, time
  std::vector<DelayRun> runs;          // ascending by side, time

  // All stretches together; `does_not_match` only when no stretch does better.
  AlignmentQuality overall(Speaker side) const;
};

// `recorded`: the stretches of one recording, ascending, as ChunkLevelMeter gave them.
Alignment align_by_levels(const CallLevels& call, std::span<const StretchLevels> recorded,
                          const AlignmentOptions& options = {});

// Samples wanted of both witnesses, which overlap by the shift as the levels have it.
struct WaveformWindow {
  Speaker side = Speaker::caller;
  std::size_t stretch = 0;  // index into Alignment::stretches
  Duration tap_from{0};     // call time
  Duration tap_length{0};
  ChunkIndex chunk;
  std::uint64_t first_frame = 0;  // of the chunk
  std::uint64_t frames = 0;
  std::optional<std::uint32_t> channel;  // nullopt: all, as decode_pcm mixes them
};

// At most windows_max, each of them window_length of the tap and 2 * waveform_search more of the
// recording; spread evenly over what was said.
std::vector<WaveformWindow> propose_windows(const Alignment& alignment, const CallLevels& call,
                                            const AlignmentOptions& options = {});

struct FetchedWindow {
  WaveformWindow window;
  std::vector<std::int16_t> tap;  // from tap_from on; shorter or empty when it is not there
  std::uint32_t tap_rate_hz = 0;
  std::vector<std::int16_t> recorded;  // from first_frame on
  std::uint32_t recorded_rate_hz = 0;
};

// Puts the shifts that waveforms show in the place of the levels'. A window whose waveforms do not
// fit changes nothing but the counts.
Alignment refine(Alignment alignment, std::span<const FetchedWindow> fetched,
                 const AlignmentOptions& options = {});

}  // namespace earshot::recording
