#pragma once
// The inbound port for tests: keeps events in memory, knows one call with one key.

#include "ports/call_events.hpp"

#include <set>

namespace earshot::acs::testing {

class FakeCallEvents : public CallEvents {
 public:
  std::vector<InboundEvent> events;
  std::string call = "call-1";
  std::string key = "key-1";
  std::string correlation = "corr-1";
  std::string resource = "default";
  bool is_away = false;

  Task<Result<std::vector<Accepted>>> accept(std::vector<InboundEvent> arrived) override {
    if (is_away) co_return fail(ErrorKind::unavailable, "the store is away");
    std::vector<Accepted> answers;
    for (auto& event : arrived) {
      if (!event.context_id.empty() && event.context_id.text != call)
        answers.push_back(Accepted::unknown_call);
      else if (!seen_.insert(event.id).second)
        answers.push_back(Accepted::duplicate);
      else
        answers.push_back(Accepted::stored);
      if (answers.back() == Accepted::stored) events.push_back(std::move(event));
    }
    co_return answers;
  }
  Task<Result<void>> check_link(ContextId asked, std::string with) override {
    if (is_away) co_return fail(ErrorKind::unavailable, "the store is away");
    if (asked.text != call || with != key) co_return fail(ErrorKind::not_found, "no such call");
    co_return ok();
  }
  Task<Result<std::string>> resource_of(ContextId asked) override {
    if (is_away) co_return fail(ErrorKind::unavailable, "the store is away");
    if (asked.text != call) co_return fail(ErrorKind::not_found, "no such call");
    co_return resource;
  }
  Task<Result<ContextId>> find_by_correlation(CorrelationId asked) override {
    if (is_away) co_return fail(ErrorKind::unavailable, "the store is away");
    if (asked.text != correlation) co_return fail(ErrorKind::not_found, "no such call");
    co_return ContextId{call};
  }

 private:
  std::set<std::string> seen_;
};

}  // namespace earshot::acs::testing
