#pragma once
// The promises of ports/import_store.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void imports_are_kept(const StoreFactory& make);

}  // namespace earshot::contract
