#include "store/detail/tap_run_index.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace earshot::store {
namespace {

SpooledRun describe(const ContextId& call, std::uint32_t run, const TapRunIndex::Entry& entry) {
  if (!entry.files)
    return {.call = call,
            .run = run,
            .finished = entry.finished,
            .tap_bytes = entry.tap_bytes,
            .ledger_bytes = entry.ledger_bytes};
  return {.call = call,
          .run = run,
          .finished = entry.files->finished(),
          .open = !entry.files->finished(),
          .tap_bytes = entry.files->bytes_written(SpoolKind::tap),
          .ledger_bytes = entry.files->bytes_written(SpoolKind::ledger)};
}

}  // namespace

Result<void> TapRunIndex::read(const std::filesystem::path& directory, WallTime now) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const ContextId call{at->path().filename().string()};
    if (!is_uuid(call.text) || at->is_symlink() || !at->is_directory()) continue;
    std::error_code inner;
    for (fs::directory_iterator file(at->path(), inner), none; !inner && file != none;
         file.increment(inner))
      read_file(call, *file);
    // Numbers are kept from now on: nothing says since when the directory is empty.
    if (!calls_.contains(call) || calls_[call].runs.empty()) emptied_.emplace_back(now, call);
  }
  if (!error) return ok();
  return fail(ErrorKind::unavailable, fmt::format("read the tap spool's directory {}: {}",
                                                  directory.string(), error.message()));
}

void TapRunIndex::read_file(const ContextId& call, const std::filesystem::directory_entry& file) {
  const auto name = file.path().filename().string();
  std::uint32_t run = 0;
  const auto [at, fault] = std::from_chars(name.data(), name.data() + name.size(), run);
  const std::string_view kind(at, static_cast<std::size_t>(name.data() + name.size() - at));
  if (fault != std::errc()) return;
  if (kind != ".tap" && kind != ".ledger" && kind != ".finished" && kind != ".removed") return;
  auto& runs = calls_[call];
  runs.next = std::max(runs.next, run + 1);
  if (kind == ".removed") return;
  auto& entry = runs.runs[run];
  std::error_code error;
  const auto size = file.file_size(error);
  const auto bytes = error ? 0 : static_cast<std::uint64_t>(size);
  if (kind == ".tap") entry.tap_bytes = bytes;
  if (kind == ".ledger") entry.ledger_bytes = bytes;
  if (kind == ".finished") entry.finished = true;
}

std::uint32_t TapRunIndex::next_run(const ContextId& call) const {
  const auto found = calls_.find(call);
  return found == calls_.end() ? 0 : found->second.next;
}

void TapRunIndex::add(const ContextId& call, std::uint32_t run,
                      std::shared_ptr<TapRunFiles> files) {
  auto& runs = calls_[call];
  runs.next = std::max(runs.next, run + 1);
  runs.runs[run] = {.files = std::move(files)};
}

const TapRunIndex::Entry* TapRunIndex::find(const ContextId& call, std::uint32_t run) const {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return nullptr;
  const auto entry = found->second.runs.find(run);
  return entry == found->second.runs.end() ? nullptr : &entry->second;
}

std::uint64_t TapRunIndex::remove(const ContextId& call, std::uint32_t run, WallTime now) {
  const auto* entry = find(call, run);
  if (entry == nullptr) return 0;
  const auto had = describe(call, run, *entry);
  auto& runs = calls_[call].runs;
  runs.erase(run);
  if (runs.empty()) emptied_.emplace_back(now, call);
  return had.tap_bytes + had.ledger_bytes;
}

std::vector<ContextId> TapRunIndex::forget_empty(WallTime before) {
  std::vector<ContextId> forgotten;
  while (!emptied_.empty() && emptied_.front().first < before) {
    const auto call = std::move(emptied_.front().second);
    emptied_.pop_front();
    const auto found = calls_.find(call);
    // A run was started meanwhile, or the same directory is in the list twice.
    if (found != calls_.end() && !found->second.runs.empty()) continue;
    if (found != calls_.end()) calls_.erase(found);
    forgotten.push_back(call);
  }
  return forgotten;
}

std::vector<SpooledRun> TapRunIndex::runs(const ContextId& call) const {
  std::vector<SpooledRun> found;
  if (const auto runs = calls_.find(call); runs != calls_.end())
    for (const auto& [run, entry] : runs->second.runs) found.push_back(describe(call, run, entry));
  return found;
}

std::vector<SpooledRun> TapRunIndex::all_runs() const {
  std::vector<SpooledRun> found;
  for (const auto& [call, runs] : calls_)
    for (const auto& [run, entry] : runs.runs) found.push_back(describe(call, run, entry));
  return found;
}

}  // namespace earshot::store
