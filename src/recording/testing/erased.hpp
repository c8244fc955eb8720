#pragma once
// For tests: a call whose data is erased, or is being so, as far as the store knows.

#include "recording/testing/recorded_call.hpp"

namespace earshot::recording::testing {

inline void erase_rows(RecordedCall& world) {
  const ErasureId id{"erased by a test"};
  Erasure erasure{.id = id, .at = world.runtime.clock().wall_now(), .finished_at = {}};
  erasure.calls.push_back({.call = world.call.id});
  REQUIRE(world.wait(world.store.add_erasure(erasure, {.kind = "none"})).has_value());
  const ErasedCall erased{.call = world.call.id, .state = ErasureState::erased};
  const RowRemoval rows{.chunks = true, .merges = true, .texts = true, .personal = true};
  REQUIRE(world.wait(world.store.save_erased_call(id, erased, rows)).has_value());
}

// An erasure that has begun, and is not settled.
inline void begin_erasure(RecordedCall& world) {
  Erasure erasure{.id = {"e"}, .at = world.runtime.clock().wall_now(), .finished_at = {}};
  erasure.calls.push_back({.call = world.call.id});
  REQUIRE(world.wait(world.store.add_erasure(erasure, {.kind = "none"})).has_value());
  const ErasedCall erasing{.call = world.call.id, .state = ErasureState::erasing};
  REQUIRE(world.wait(world.store.save_erased_call({"e"}, erasing, {})).has_value());
}

// As when a hold came meanwhile.
inline void refuse_erasure(RecordedCall& world) {
  const ErasedCall refused{.call = world.call.id, .state = ErasureState::refused};
  REQUIRE(world.wait(world.store.save_erased_call({"e"}, refused, {})).has_value());
}

}  // namespace earshot::recording::testing
