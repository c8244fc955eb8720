#include "store/detail/id_list.hpp"

#include <algorithm>
#include <bit>
#include <fmt/format.h>

namespace earshot::store {

IdCondition of_any(const std::vector<ContextId>& calls) {
  if (calls.empty()) return {.text = "1 = 0", .params = {}};
  // A statement is prepared once for each text and kept: with powers of two there are few texts.
  // What is too much names the last call once more.
  const std::size_t names = std::bit_ceil(calls.size());
  IdCondition condition{.text = "context_id IN (", .params = {}};
  condition.params.reserve(names);
  for (std::size_t i = 0; i < names; ++i) {
    const auto name = fmt::format("id{}", i);
    condition.text += (i == 0 ? ":" : ", :") + name;
    condition.params.emplace_back(name, calls[std::min(i, calls.size() - 1)]);
  }
  condition.text += ")";
  return condition;
}

}  // namespace earshot::store
