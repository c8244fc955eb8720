#pragma once
// The promises of ports/job_store.hpp, as doctest subcases: call inside a TEST_CASE of each
// implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void job_store_leases(const StoreFactory& make);
void job_store_adds_unique_work_once(const StoreFactory& make);
void job_store_keeps_what_was_given_up(const StoreFactory& make);

}  // namespace earshot::contract
