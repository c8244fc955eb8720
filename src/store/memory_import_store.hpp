#pragma once
// The promises of ports/import_store.hpp in memory, beside a store of calls (memory_store.hpp): for
// tests; nothing outlives it. Thread-safe.

#include "ports/import_store.hpp"

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace earshot::store {

class MemoryImportStore : public ImportStore {
 public:
  // Takes what items lead to; outlives this.
  explicit MemoryImportStore(CallStore& calls) : calls_(calls) {}

  Task<Result<void>> add_import(Import added, NewJob job) override;
  Task<Result<std::optional<Import>>> find_import(ImportId id) override;
  Task<Result<std::vector<Import>>> list_imports(int limit) override;
  Task<Result<void>> save_import(Import changed) override;
  Task<Result<void>> put_import_item(ImportItem item, Changes changes) override;
  Task<Result<std::vector<ImportItem>>> import_items(ImportItemQuery query) override;
  Task<Result<int>> purge_imports(WallTime over_before, int limit) override;
  Task<Result<std::optional<Chunk>>> find_chunk(BlobName audio, std::string document_id) override;

 private:
  Import counted(Import found) const;
  bool has(const ImportId& id) const;

  CallStore& calls_;
  mutable std::mutex mutex_;  // guards all below; never held over a co_await
  std::map<ImportId, Import> imports_;
  std::map<std::pair<ImportId, std::string>, ImportItem> items_;  // by folder_key
};

}  // namespace earshot::store
