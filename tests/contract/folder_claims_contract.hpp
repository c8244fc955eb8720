#pragma once
// What ports/folder_claims.hpp promises, for each implementation to be run against.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void folder_owners_are_told(const StoreFactory& make_store);
void folder_claimants_are_told(const StoreFactory& make_store);

}  // namespace earshot::contract
