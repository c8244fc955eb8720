#pragma once
// The tables erasures and erasure_calls. All functions throw DatabaseError.

#include "domain/erasure.hpp"
#include "store/detail/connection.hpp"

#include <string>
#include <vector>

namespace earshot::store {

void put_erasure(Connection& connection, const Erasure& erasure);
Erasure load_erasure(Connection& connection, const ErasureId& id);  // `not_found`
std::vector<Erasure> list_erasures(Connection& connection, int limit);
void put_erased_call(Connection& connection, const ErasureId& id, const ErasedCall& call);
// False: it was finished before, and stays as it was signed. `not_found`.
bool finish_erasure(Connection& connection, const ErasureId& id, WallTime at,
                    const std::string& receipt);
std::string erasure_receipt(Connection& connection, const ErasureId& id);  // `not_found`

}  // namespace earshot::store
