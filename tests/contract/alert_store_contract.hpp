#pragma once
// The promises of ports/alert_store.hpp, and of Changes::alerts, as doctest subcases: call inside a
// TEST_CASE of each implementation.

#include "tests/contract/store_under_test.hpp"

namespace earshot::contract {

void alert_store_keeps_alerts(const StoreFactory& make);

}  // namespace earshot::contract
