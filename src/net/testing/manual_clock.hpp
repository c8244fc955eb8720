#pragma once
// A clock that a test moves. Sleepers wait for it; `run_until_idle` of TestRuntime moves it only
// when nothing else can run, to the next sleeper's time.

#include "base/clock.hpp"

#include <memory>
#include <optional>

namespace earshot::net {

class ManualClock : public Clock {
 public:
  // The wall starts at 2026-03-02T09:15:00Z, the steady clock at one hour.
  ManualClock();
  ~ManualClock() override;
  WallTime wall_now() const override;
  SteadyTime steady_now() const override;
  Task<void> sleep_until(SteadyTime time) override;
  std::unique_ptr<Signal> make_signal() override;

  // Moves both clocks and wakes whoever is due. Wakes run when the executor next runs.
  void advance(Duration by);
  // Moves the wall clock alone (a clock step).
  void set_wall(WallTime time);
  // The earliest time that somebody waits for.
  std::optional<SteadyTime> next_wake() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace earshot::net
