#pragma once
// A verdict with all its evidence, and a timeline, as JSON text. Times of the call in seconds.

#include "domain/call.hpp"
#include "domain/verdict.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::api {

struct VerdictView {
  struct Given {
    int number = 0;
    WallTime at{};
    VerdictKind kind = VerdictKind::pending;
  };
  Call call;
  std::optional<Verdict> verdict;  // none: it is pending
  std::vector<Given> given;        // all that there are, ascending
};

// Answered calls end in a verdict; others have none.
bool is_judged(const Call& call);
std::string verdict_json(const VerdictView& view);
std::string timeline_json(const VerdictView& view);

}  // namespace earshot::api
