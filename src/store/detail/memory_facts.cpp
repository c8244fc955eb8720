#include "store/detail/memory_facts.hpp"

#include <algorithm>
#include <tuple>

namespace earshot::store {
namespace {

CallFacts facts_of(const MemoryTables& tables, const Call& call) {
  CallFacts facts{.call = call.id,
                  .received_at = call.received_at,
                  .resource = call.resource,
                  .phase = call.phase,
                  .connected = call.connected_at.has_value(),
                  .end_code = call.end_code,
                  .end_sub_code = call.end_sub_code,
                  .recording_starts = call.recording_starts};
  facts.recordings_started =
      static_cast<int>(std::ranges::count_if(tables.recordings, [&](const Recording& recording) {
        return recording.call == call.id && recording.phase != RecordingPhase::failed;
      }));
  for (const auto& [key, verdict] : tables.verdicts) {
    if (key.first != call.id) continue;  // ascending by number: the last one counts
    facts.verdict = verdict.kind;
    facts.present = verdict.numbers.present;
    facts.start_delay = verdict.numbers.start_delay;
    facts.chunks = verdict.numbers.chunks;
  }
  return facts;
}

}  // namespace

std::vector<CallFacts> list_call_facts(const MemoryTables& tables, const CallFactsQuery& query) {
  std::vector<const Call*> found;
  for (const auto& [id, call] : tables.calls) {
    const bool behind =
        !query.after_received_at ||
        std::tie(call.received_at, id) > std::tie(*query.after_received_at, query.after);
    if (call.received_at >= query.from && call.received_at < query.to && behind)
      found.push_back(&call);
  }
  std::ranges::sort(found, {},
                    [](const Call* call) { return std::tie(call->received_at, call->id); });
  const auto limit = static_cast<std::size_t>(std::clamp(query.limit, 0, call_facts_page_max));
  if (found.size() > limit) found.resize(limit);
  std::vector<CallFacts> facts;
  facts.reserve(found.size());
  for (const auto* call : found) facts.push_back(facts_of(tables, *call));
  return facts;
}

}  // namespace earshot::store
