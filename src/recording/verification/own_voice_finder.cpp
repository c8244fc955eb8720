#include "recording/verification/own_voice_finder.hpp"

#include "recording/tap_runs.hpp"
#include "recording/verification/witness_samples.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace earshot::recording {
namespace {

// Spread over the call: where none of them comes back, none is looked for further.
constexpr std::size_t probes_first = 8;

}  // namespace

Task<Result<void>> OwnVoiceFinder::find(EvidencePtr evidence) {
  if (!evidence->call.ledger || !evidence->call.tap_present) co_return ok();
  auto probes = propose_echo_probes(evidence->bridge);
  if (probes.empty()) co_return ok();
  auto tap = co_await open_tap(blobs_, spool_, evidence->call.call);
  if (!tap && worth_retrying(tap.error())) co_return fail("open the tap", tap.error());
  if (!tap) co_return ok();
  const std::size_t first = std::min(probes.size(), probes_first);
  const auto middle = probes.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<EchoProbe> rest(middle, probes.end());
  probes.erase(middle, probes.end());
  auto seen = co_await look(tap->samples.get(), std::move(probes));
  if (!seen) co_return Failure(seen.error());
  if (seen->empty()) co_return ok();
  const std::size_t looked = first + rest.size();
  auto more = co_await look(tap->samples.get(), std::move(rest));
  if (!more) co_return Failure(more.error());
  seen->insert(seen->end(), more->begin(), more->end());
  const auto own = judge_echoes(evidence->bridge, looked, *seen);
  if (!own) co_return ok();
  remove_own_voice(evidence->bridge.caller, *own, thresholds_.speech_dbfs);
  const Duration removed =
      remove_own_voice(evidence->call.ledger->caller, *own, thresholds_.speech_dbfs);
  evidence->call.own_voice =
      OwnVoiceReturned{.delay = own->delay, .gain_db = own->gain_db, .removed = removed};
  co_return ok();
}

Task<Result<std::vector<EchoSighting>>> OwnVoiceFinder::look(TapSamples* tap,
                                                             std::vector<EchoProbe> probes) {
  std::vector<EchoSighting> seen;
  for (const EchoProbe& probe : probes) {
    auto played = co_await read_tap(tap, Speaker::assistant, probe.from, probe.length);
    if (!played) co_return Failure(played.error());
    auto came_in = co_await read_tap(tap, Speaker::caller, probe.from, probe.echo_length());
    if (!came_in) co_return Failure(came_in.error());
    auto heard =
        std::make_shared<const HeardProbe>(HeardProbe{.probe = probe,
                                                      .played = std::move(*played),
                                                      .came_in = std::move(*came_in),
                                                      .rate_hz = tap->format().sample_rate_hz});
    auto sighting = std::make_shared<std::optional<EchoSighting>>();
    auto look = [heard, sighting] { *sighting = find_echo(*heard); };
    co_await offload_.run(std::move(look));
    if (*sighting) seen.push_back(**sighting);
  }
  co_return seen;
}

}  // namespace earshot::recording
