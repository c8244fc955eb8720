#pragma once
// The promises of ports/call_store.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation. Each subcase gets a store of its own.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void call_store_keeps_calls(const StoreFactory& make);
void call_store_keeps_what_belongs_to_a_call(const StoreFactory& make);
void call_store_is_all_or_nothing(const StoreFactory& make);
void call_store_keeps_events_once(const StoreFactory& make);
void call_store_bears_absurd_text(const StoreFactory& make);

}  // namespace earshot::contract
