#pragma once
// CHECK_INVARIANT(condition, "what must hold"): a bug of ours throws InvariantBroken, which the
// boundaries of a task (job runner, HTTP session, call task) catch and log: one call dies, the
// service lives.

#include <stdexcept>

namespace earshot {

class InvariantBroken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void invariant_broken(const char* condition, const char* message, const char* file,
                                   int line);

}  // namespace earshot

#define CHECK_INVARIANT(condition, message) \
  ((condition) ? static_cast<void>(0)       \
               : ::earshot::invariant_broken(#condition, message, __FILE__, __LINE__))
