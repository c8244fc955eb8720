#pragma once
// The promises of ports/retention_store.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void holds_are_kept(const StoreFactory& make);
void retention_goes_on_where_it_was(const StoreFactory& make);
void erasures_are_kept(const StoreFactory& make);
void erased_calls_stay_erased(const StoreFactory& make);

}  // namespace earshot::contract
