#pragma once
// What is durable of imports. Implementations: those of CallStore. Thread-safe.

#include "base/task.hpp"
#include "domain/import.hpp"
#include "domain/recording.hpp"
#include "ports/call_store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct ImportItemQuery {
  ImportId of;
  std::string folder;                    // "": of any
  std::optional<ImportOutcome> outcome;  // nullopt: all but `known`, unless a folder is named
  int limit = 100;
  int offset = 0;
};

class ImportStore {
 public:
  virtual ~ImportStore() = default;
  // The import and the job that makes it, both or neither. `conflict`: its id is taken.
  virtual Task<Result<void>> add_import(Import added, NewJob job) = 0;
  virtual Task<Result<std::optional<Import>>> find_import(ImportId id) = 0;
  virtual Task<Result<std::vector<Import>>> list_imports(int limit) = 0;  // newest first
  // Position, progress and state; what was asked for stays. `not_found`: there is none.
  virtual Task<Result<void>> save_import(Import changed) = 0;
  // What a folder leads to and the word on it, both or neither; a folder's word replaces the one
  // before. Fails as CallStore::commit, and with `not_found` when there is no such import.
  virtual Task<Result<void>> put_import_item(ImportItem item, Changes changes) = 0;
  virtual Task<Result<std::vector<ImportItem>>> import_items(ImportItemQuery query) = 0;  // oldest
  // Imports that were over before then, the oldest first, with the words on their folders; what was
  // imported stays. How many went.
  virtual Task<Result<int>> purge_imports(WallTime over_before, int limit) = 0;
  // The chunk that this blob is, or else one of that document id ("": none is looked for), whatever
  // its recording.
  virtual Task<Result<std::optional<Chunk>>> find_chunk(BlobName audio,
                                                        std::string document_id) = 0;
};

}  // namespace earshot
