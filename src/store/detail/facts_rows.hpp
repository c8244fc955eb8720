#pragma once
// Calls in short, from calls, recordings and the newest verdicts.

#include "ports/call_facts.hpp"
#include "store/detail/connection.hpp"

#include <vector>

namespace earshot::store {

std::vector<CallFacts> list_call_facts(Connection& connection, const CallFactsQuery& query);

}  // namespace earshot::store
