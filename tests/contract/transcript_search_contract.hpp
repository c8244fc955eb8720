#pragma once
// The promises of ports/transcript_search.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void transcripts_are_found(const StoreFactory& make);

}  // namespace earshot::contract
