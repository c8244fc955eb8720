#include "recording/verification/clock_aligner.hpp"

#include "recording/tap_runs.hpp"
#include "recording/verification/witness_samples.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

void publish(GatheredEvidence& evidence, std::size_t recording, const Alignment& found) {
  auto& pieces = evidence.call.mapping.pieces;
  pieces.insert(pieces.end(), found.mapping.pieces.begin(), found.mapping.pieces.end());
  for (const auto who : {Speaker::caller, Speaker::assistant})
    if (found.overall(who).outcome == AlignmentOutcome::does_not_match)
      evidence.call.recordings[recording].contents_differ.push_back(who);
}

}  // namespace

ClockAligner::ClockAligner(Services services, const VerdictThresholds& thresholds)
    : services_(services),
      thresholds_(thresholds),
      windows_matched_(services.counters.counter(
          "earshot_alignment_waveforms_total",
          "stretches of the tap that were looked for in a recording", {{"found", "yes"}})),
      windows_unmatched_(services.counters.counter(
          "earshot_alignment_waveforms_total",
          "stretches of the tap that were looked for in a recording", {{"found", "no"}})) {}

Task<Result<void>> ClockAligner::align(EvidencePtr evidence) {
  auto work = std::make_shared<Work>();
  co_await compare_levels(evidence, work);
  auto refined = co_await compare_waveforms(evidence, work);
  for (const auto& one : *work) publish(*evidence, one.index, one.alignment);
  for (auto& one : *work) evidence->alignments.push_back({one.index, std::move(one.alignment)});
  std::ranges::sort(evidence->call.mapping.pieces, {}, [](const MappingPiece& piece) {
    return std::tuple(piece.side, piece.from, piece.to, piece.chunk);
  });
  co_return refined;
}

Task<void> ClockAligner::compare_levels(EvidencePtr evidence, WorkPtr work) {
  auto compare = [evidence, work, drift = thresholds_.drift_ppm] {
    for (std::size_t i = 0; i < evidence->recorded.size(); ++i) {
      if (!evidence->call.ledger || evidence->recorded[i].empty()) continue;
      OneRecording one{.index = i,
                       .options = {.channels = evidence->call.recordings[i].recording.channels,
                                   .caller_channel = {},
                                   .assistant_channel = {},
                                   .drift_ppm_max = drift},
                       .alignment = {},
                       .windows = {},
                       .fetched = {}};
      one.alignment = align_by_levels(evidence->bridge, evidence->recorded[i], one.options);
      one.windows = propose_windows(one.alignment, evidence->bridge, one.options);
      work->push_back(std::move(one));
    }
  };
  co_await services_.offload.run(std::move(compare));
}

Task<Result<void>> ClockAligner::compare_waveforms(EvidencePtr evidence, WorkPtr work) {
  const bool wanted =
      std::ranges::any_of(*work, [](const OneRecording& one) { return !one.windows.empty(); });
  if (!wanted) co_return ok();
  auto tap = co_await open_tap(services_.blobs, services_.spool, evidence->call.call);
  if (!tap && worth_retrying(tap.error())) co_return fail("open the tap", tap.error());
  if (!tap) co_return ok();
  for (auto& one : *work)
    if (auto done = co_await fetch(evidence, &one, tap->samples.get()); !done) co_return done;
  auto refine_all = [work] {
    for (auto& one : *work)
      one.alignment = refine(std::move(one.alignment), one.fetched, one.options);
  };
  co_await services_.offload.run(std::move(refine_all));
  for (const auto& one : *work) count(one.alignment);
  co_return ok();
}

void ClockAligner::count(const Alignment& alignment) {
  for (const auto& stretch : alignment.stretches)
    for (const auto who : {Speaker::caller, Speaker::assistant}) {
      const auto& quality = stretch.of(who);
      const auto agreeing = quality.waveform_windows_agreeing;
      windows_matched_.add(static_cast<double>(agreeing));
      windows_unmatched_.add(static_cast<double>(quality.waveform_windows - agreeing));
    }
}

Task<Result<void>> ClockAligner::fetch(EvidencePtr evidence, OneRecording* one, TapSamples* tap) {
  const auto& recording = evidence->call.recordings[one->index];
  RecordedSamples recorded(services_.chunks, services_.conversion);
  for (const auto& window : one->windows) {
    auto fetched = co_await fetch_window(&recorded, tap, &recording, window);
    if (!fetched) co_return Failure(fetched.error());
    if (*fetched) one->fetched.push_back(std::move(**fetched));  // else the levels stand
  }
  co_return ok();
}

}  // namespace earshot::recording
