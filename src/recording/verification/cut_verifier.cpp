#include "recording/verification/cut_verifier.hpp"

#include "recording/tap_runs.hpp"
#include "recording/verification/witness_samples.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {
namespace {

Counter& found_counter(Counters& counters, std::string found) {
  return counters.counter("earshot_cuts_verified_total",
                          "interrupted turns whose cut was looked for in the recording",
                          {{"found", std::move(found)}});
}

}  // namespace

CutVerifier::CutVerifier(Services services)
    : services_(services),
      by_waveform_(found_counter(services.counters, "waveform")),
      by_levels_(found_counter(services.counters, "levels")),
      not_found_(found_counter(services.counters, "no")) {}

Task<Result<void>> CutVerifier::verify(EvidencePtr evidence) {
  if (evidence->alignments.empty()) co_return ok();
  auto turns = co_await services_.store.turns_of(evidence->call.call.id);
  if (!turns) co_return fail("load the turns", turns.error());
  auto work = std::make_shared<Work>();
  work->turns = std::move(*turns);
  for (std::size_t i = 0; i < work->turns.size(); ++i)
    if (const auto cut = cut_to_find(work->turns[i]))
      work->cuts.push_back({.turn = i, .cut = *cut, .by_levels = {}, .window = {}});
  if (work->cuts.empty()) co_return ok();
  auto look = [evidence, work] { look_by_levels(*evidence, *work); };
  co_await services_.offload.run(std::move(look));
  if (auto done = co_await look_by_waveform(evidence, work); !done) co_return done;
  co_return co_await store(evidence, work);
}

void CutVerifier::look_by_levels(const GatheredEvidence& evidence, Work& work) {
  for (OneCut& one : work.cuts)
    for (std::size_t i = 0; i < evidence.alignments.size(); ++i) {
      const RecordingAlignment& aligned = evidence.alignments[i];
      one.by_levels = heard_until(aligned.alignment, evidence.bridge,
                                  evidence.recorded[aligned.recording], one.cut);
      one.window = propose_cut_window(aligned.alignment, one.cut);
      one.alignment = i;
      if (one.by_levels || one.window) break;
    }
}

Task<Result<void>> CutVerifier::look_by_waveform(EvidencePtr evidence, WorkPtr work) {
  const bool wanted =
      std::ranges::any_of(work->cuts, [](const OneCut& one) { return one.window.has_value(); });
  if (!wanted || !evidence->call.tap_present) co_return ok();
  auto tap = co_await open_tap(services_.blobs, services_.spool, evidence->call.call);
  if (!tap && worth_retrying(tap.error())) co_return fail("open the tap", tap.error());
  if (!tap) co_return ok();
  RecordedSamples recorded(services_.chunks, services_.conversion);
  for (OneCut& one : work->cuts) {
    if (!one.window) continue;
    const RecordingAlignment& aligned = evidence->alignments[one.alignment];
    auto fetched = co_await fetch_window(
        &recorded, tap->samples.get(), &evidence->call.recordings[aligned.recording], *one.window);
    if (!fetched) co_return Failure(fetched.error());
    if (!*fetched) continue;
    auto samples = std::make_shared<FetchedWindow>(std::move(**fetched));
    auto look = [samples, &one, &aligned] {
      one.by_waveform = heard_until(aligned.alignment, *samples, one.cut);
    };
    co_await services_.offload.run(std::move(look));
  }
  co_return ok();
}

Task<Result<void>> CutVerifier::store(EvidencePtr evidence, WorkPtr work) {
  Changes changes;
  for (const OneCut& one : work->cuts) {
    Turn& turn = work->turns[one.turn];
    const bool is_finer = one.by_waveform && (!one.by_levels || one.by_waveform->uncertainty <=
                                                                    one.by_levels->uncertainty);
    const auto& found = is_finer ? one.by_waveform : one.by_levels;
    (!found ? not_found_ : is_finer ? by_waveform_ : by_levels_).add();
    // What an earlier verdict found stands when this one cannot tell.
    if (!found) continue;
    auto verified = verified_cut(turn, *found);
    if (turn.verified == verified) continue;
    turn.verified = std::move(verified);
    changes.turns.push_back(turn);
  }
  const auto& call = evidence->call.call;
  if (changes.turns.empty()) co_return ok();
  if (const auto measured =
          measure_downlink(call.id, call_time_zero(call).value_or(call.received_at), work->turns))
    changes.downlinks.push_back(*measured);
  auto committed = co_await services_.store.commit(std::move(changes));
  if (!committed) co_return fail("store where turns were cut", committed.error());
  if (services_.downlink != nullptr) co_await services_.downlink->refresh();
  co_return ok();
}

}  // namespace earshot::recording
