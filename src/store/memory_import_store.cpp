#include "store/memory_import_store.hpp"

#include "store/detail/import_rows.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <tuple>

namespace earshot::store {
namespace {

template <class T>
void cut_out(std::vector<T>& list, int offset, int limit) {
  const auto skipped = std::min(list.size(), static_cast<std::size_t>(std::max(offset, 0)));
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(skipped));
  const auto length = static_cast<std::size_t>(std::clamp(limit, 0, list_limit_max));
  if (list.size() > length) list.resize(length);
}

Failure no_such_import() { return fail(ErrorKind::not_found, "there is no such import"); }

}  // namespace

Import MemoryImportStore::counted(Import found) const {
  found.counts = {};
  for (const auto& [key, item] : items_)
    if (key.first == found.id) count_items(found.counts, item.outcome, 1, item.files);
  return found;
}

bool MemoryImportStore::has(const ImportId& id) const {
  const std::lock_guard lock(mutex_);
  return imports_.contains(id);
}

Task<Result<void>> MemoryImportStore::add_import(Import added, NewJob job) {
  const auto id = added.id;
  {
    const std::lock_guard lock(mutex_);
    if (!imports_.emplace(id, std::move(added)).second)
      co_return fail(ErrorKind::conflict, "there is an import of that id already");
  }
  Changes changes;
  changes.jobs.push_back(std::move(job));
  auto committed = co_await calls_.commit(std::move(changes));
  if (committed) co_return committed;
  const std::lock_guard lock(mutex_);
  imports_.erase(id);
  co_return committed;
}

Task<Result<std::optional<Import>>> MemoryImportStore::find_import(ImportId id) {
  const std::lock_guard lock(mutex_);
  const auto found = imports_.find(id);
  if (found == imports_.end()) co_return std::nullopt;
  co_return counted(found->second);
}

Task<Result<std::vector<Import>>> MemoryImportStore::list_imports(int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<Import> all;
  all.reserve(imports_.size());
  for (const auto& [id, one] : imports_) all.push_back(counted(one));
  std::ranges::sort(all, [](const Import& a, const Import& b) {
    return std::tie(a.requested_at, a.id) > std::tie(b.requested_at, b.id);
  });
  cut_out(all, 0, limit);
  co_return all;
}

Task<Result<void>> MemoryImportStore::save_import(Import changed) {
  const std::lock_guard lock(mutex_);
  const auto found = imports_.find(changed.id);
  if (found == imports_.end()) co_return no_such_import();
  const auto& stored = found->second;
  changed.from = stored.from;
  changed.to = stored.to;
  changed.dry_run = stored.dry_run;
  changed.requested_at = stored.requested_at;
  changed.error = mend_text(changed.error);
  changed.marker = mend_text(changed.marker);
  found->second = std::move(changed);
  co_return ok();
}

Task<Result<void>> MemoryImportStore::put_import_item(ImportItem item, Changes changes) {
  if (!has(item.of)) co_return no_such_import();
  auto committed = co_await calls_.commit(std::move(changes));
  if (!committed) co_return committed;
  const std::pair key(item.of, folder_key(item.folder));
  for (auto* text : {&item.folder, &item.call.text, &item.recording.text, &item.detail})
    *text = mend_text(*text);
  const std::lock_guard lock(mutex_);
  items_[key] = std::move(item);
  co_return ok();
}

Task<Result<std::vector<ImportItem>>> MemoryImportStore::import_items(ImportItemQuery query) {
  const auto wanted = [&query](const auto& key, const ImportItem& item) {
    if (key.first != query.of) return false;
    if (query.outcome && item.outcome != *query.outcome) return false;
    if (!query.folder.empty()) return key.second == folder_key(query.folder);
    return query.outcome || item.outcome != ImportOutcome::known;
  };
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, ImportItem>> found;
  for (const auto& [key, item] : items_)
    if (wanted(key, item)) found.emplace_back(key.second, item);
  std::ranges::sort(found, {}, [](const auto& one) { return std::tie(one.second.at, one.first); });
  std::vector<ImportItem> selected;
  selected.reserve(found.size());
  for (auto& one : found) selected.push_back(std::move(one.second));
  cut_out(selected, query.offset, query.limit);
  co_return selected;
}

Task<Result<int>> MemoryImportStore::purge_imports(WallTime over_before, int limit) {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<WallTime, ImportId>> old;
  for (const auto& [id, one] : imports_)
    if (one.finished_at && *one.finished_at < over_before) old.emplace_back(*one.finished_at, id);
  std::ranges::sort(old);
  cut_out(old, 0, limit);
  for (const auto& [at, id] : old) {
    imports_.erase(id);
    std::erase_if(items_, [&](const auto& entry) { return entry.first.first == id; });
  }
  co_return static_cast<int>(old.size());
}

Task<Result<std::optional<Chunk>>> MemoryImportStore::find_chunk(BlobName audio,
                                                                 std::string document_id) {
  auto recordings = co_await calls_.list_recordings({.limit = list_limit_max});
  if (!recordings) co_return Failure(recordings.error());
  std::optional<Chunk> by_document;
  for (const auto& recording : *recordings) {
    auto chunks = co_await calls_.chunks_of(recording.id);
    if (!chunks) co_return Failure(chunks.error());
    for (auto& chunk : *chunks) {
      if (!audio.empty() && chunk.audio == audio) co_return std::move(chunk);
      if (!document_id.empty() && chunk.document_id == document_id) by_document = std::move(chunk);
    }
  }
  co_return by_document;
}

}  // namespace earshot::store
