#pragma once
// facts_rows.hpp in memory.

#include "ports/call_facts.hpp"
#include "store/detail/memory_tables.hpp"

#include <vector>

namespace earshot::store {

std::vector<CallFacts> list_call_facts(const MemoryTables& tables, const CallFactsQuery& query);

}  // namespace earshot::store
