#pragma once
// The promises of ports/file_locations.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void file_locations_are_kept(const StoreFactory& make);

}  // namespace earshot::contract
