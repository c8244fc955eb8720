#pragma once
// The promises of ports/call_facts.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void call_facts_are_listed(const StoreFactory& make);

}  // namespace earshot::contract
