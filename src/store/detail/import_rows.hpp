#pragma once
// The tables imports and import_items. All functions throw DatabaseError.

#include "domain/import.hpp"
#include "ports/import_store.hpp"
#include "store/detail/connection.hpp"

#include <optional>
#include <vector>

namespace earshot::store {

// `conflict` when there is one of that id.
void put_import(Connection& connection, const Import& added);
// `not_found` when there is none of that id.
void update_import(Connection& connection, const Import& changed);
std::optional<Import> find_import(Connection& connection, const ImportId& id);
std::vector<Import> list_imports(Connection& connection, int limit);
// `not_found` when there is no such import.
void put_import_item(Connection& connection, const ImportItem& item);
int purge_imports(Connection& connection, WallTime over_before, int limit);
std::vector<ImportItem> find_import_items(Connection& connection, const ImportItemQuery& query);

// Adds folders with that outcome to the count, and their files.
void count_items(ImportCounts& counts, ImportOutcome outcome, std::uint64_t folders,
                 std::uint64_t files);
// SHA-256 in hex.
std::string folder_key(const std::string& folder);

}  // namespace earshot::store
