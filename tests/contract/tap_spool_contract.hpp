#pragma once
// The promises of ports/tap_spool.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation. Each subcase gets a spool of its own.

#include "net/testing/test_runtime.hpp"
#include "ports/tap_spool.hpp"

#include <functional>
#include <memory>

namespace earshot::contract {

class TapSpoolUnderTest {
 public:
  virtual ~TapSpoolUnderTest() = default;
  virtual TapSpool& spool() = 0;
  // More than a run takes before it refuses, when nothing is written meanwhile.
  virtual std::size_t too_many_bytes() const = 0;

  template <class T>
  T run(Task<T> task) {
    return runtime_.run_for(std::move(task));
  }
  void flush() { runtime_.run(spool().flush()); }

 protected:
  net::TestRuntime runtime_;
};

using TapSpoolFactory = std::function<std::unique_ptr<TapSpoolUnderTest>()>;

void tap_spool_keeps_runs(const TapSpoolFactory& make);

}  // namespace earshot::contract
