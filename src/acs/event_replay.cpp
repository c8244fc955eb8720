#include "acs/event_replay.hpp"

#include "acs/event_decoder.hpp"

#include <fmt/format.h>

namespace earshot::acs {
namespace {

constexpr std::size_t rejections_shown_max = 20;

}  // namespace

Task<Result<ReplayOutcome>> DecodedEventReplay::replay(std::string body) {
  auto decoded = decode_events(body, EventDoor::event_grid, ContextId{});
  if (!decoded) co_return Failure(decoded.error());
  ReplayOutcome outcome;
  for (const auto& rejected : decoded->rejected)
    if (outcome.rejected.size() < rejections_shown_max)
      outcome.rejected.push_back(fmt::format("event {}: {}", rejected.index, rejected.reason));
  if (decoded->events.empty()) {
    if (!outcome.rejected.empty()) co_return fail(ErrorKind::invalid, outcome.rejected.front());
    co_return outcome;
  }
  auto accepted = co_await events_.accept(std::move(decoded->events));
  if (!accepted)
    co_return fail(ErrorKind::unavailable, "events were not stored: " + accepted.error().message);
  for (const auto what : *accepted) {
    if (what == Accepted::stored) ++outcome.stored;
    if (what == Accepted::duplicate) ++outcome.duplicate;
    if (what == Accepted::unknown_call) ++outcome.unknown_call;
  }
  co_return outcome;
}

}  // namespace earshot::acs
