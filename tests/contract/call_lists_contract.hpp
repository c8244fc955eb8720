#pragma once
// The promises of ports/call_lists.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void pages_have_what_belongs_to_each_row(const StoreFactory& make);

}  // namespace earshot::contract
