#include "cli/pause_outcome.hpp"

#include "cli/output_json.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::cli {
namespace {

std::int64_t number_of(const boost::json::object& entry) {
  return static_cast<std::int64_t>(number(entry, "number"));
}

// "pause failed", "resume refused": with what the entry gives for it.
std::string failure_in(PauseVerb verb, const boost::json::object& entry) {
  auto type = cell(entry, "type");
  const bool failed = type == fmt::format("{} failed", to_text(verb));
  const bool refused = type == fmt::format("{} refused", to_text(verb));
  if (!failed && !refused) return {};
  const auto* detail = entry.if_contains("detail");
  if (detail == nullptr || !detail->is_object()) return type;
  return cell(detail->get_object(), failed ? "error" : "reason");
}

}  // namespace

std::string_view to_text(PauseVerb verb) { return verb == PauseVerb::pause ? "pause" : "resume"; }

std::int64_t last_entry(const boost::json::object& journal) {
  std::int64_t last = 0;
  for (const auto& entry : items(journal, "journal"))
    if (entry.is_object()) last = std::max(last, number_of(entry.get_object()));
  return last;
}

PauseOutcome pause_outcome(PauseVerb verb, const boost::json::object& call,
                           const boost::json::object& journal, std::int64_t before) {
  using Kind = PauseOutcome::Kind;
  if (cell(call, "recordingState") == (verb == PauseVerb::pause ? "paused" : "active"))
    return {.kind = Kind::confirmed, .reason = {}};
  for (const auto& entry : items(journal, "journal")) {
    if (!entry.is_object() || number_of(entry.get_object()) <= before) continue;
    if (auto reason = failure_in(verb, entry.get_object()); !reason.empty())
      return {.kind = Kind::failed, .reason = std::move(reason)};
  }
  const auto state = cell(call, "state");
  if (state == "ended" || state == "not_answered")
    return {.kind = Kind::failed, .reason = "the call has ended"};
  return {};
}

}  // namespace earshot::cli
