#include "recording/verification/witness_files.hpp"

#include "recording/tap_uploader.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr std::uint64_t read_bytes = 1 << 20;
// A day and a half of seconds; no call is longer, and a larger file is none of ours.
constexpr std::uint64_t ledger_bytes_max = ledger_header_bytes + 130'000ull * ledger_record_bytes;
constexpr int pages_max = 20;

// "ledger-3.bin" -> 3
std::optional<std::uint32_t> run_of(std::string_view name, std::string_view before,
                                    std::string_view after) {
  const auto file = name.substr(name.rfind('/') + 1);
  if (!file.starts_with(before) || !file.ends_with(after)) return std::nullopt;
  const auto digits = file.substr(before.size(), file.size() - before.size() - after.size());
  std::uint32_t run = 0;
  const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), run);
  if (error != std::errc() || at != digits.data() + digits.size()) return std::nullopt;
  return run;
}

}  // namespace

Task<Result<WitnessFiles>> WitnessReader::read(Call call) {
  Found found;
  // The spool first: what moves to the store meanwhile is then found there.
  if (auto done = co_await look_into_spool(call.id, &found); !done)
    co_return fail("read the tap spool", done.error());
  if (auto done = co_await look_into_store(call, &found); !done)
    co_return fail("read the bridge's ledger", done.error());
  WitnessFiles files{.tap_present = found.tap_present};
  for (const auto& [run, bytes] : found.ledgers) {
    auto ledger = read_ledger(bytes);
    if (ledger)
      files.ledgers.push_back(std::move(*ledger));
    else
      ++files.ledgers_unreadable;
  }
  co_return files;
}

Task<Result<void>> WitnessReader::look_into_spool(ContextId call, Found* found) {
  co_await spool_.flush();
  auto runs = co_await spool_.runs(std::move(call));
  if (!runs) co_return Failure(runs.error());
  for (const auto& run : *runs) {
    found->tap_present = found->tap_present || run.tap_bytes > 0;
    auto bytes = co_await read_spooled(run);
    // It may have moved to the store since it was listed.
    if (!bytes && bytes.error().kind == ErrorKind::not_found) continue;
    if (!bytes) co_return Failure(bytes.error());
    if (!bytes->empty()) found->ledgers[run.run] = std::move(*bytes);
  }
  co_return ok();
}

Task<Result<Bytes>> WitnessReader::read_spooled(SpooledRun run) {
  Bytes all;
  while (all.size() < std::min(run.ledger_bytes, ledger_bytes_max)) {
    auto part = co_await spool_.read(run.call, run.run, SpoolKind::ledger, all.size(), read_bytes);
    if (!part) co_return Failure(part.error());
    if (part->empty()) break;
    all.insert(all.end(), part->begin(), part->end());
  }
  co_return all;
}

Task<Result<void>> WitnessReader::look_into_store(Call call, Found* found) {
  BlobListRequest request{.prefix = witness_folder(call.received_at, call.id)};
  for (int page = 0; page < pages_max; ++page) {
    auto listed = co_await blobs_.list(request);
    if (!listed) co_return Failure(listed.error());
    for (const auto& blob : listed->blobs) {
      if (run_of(blob.name.text, "tap-", ".pcm") && blob.bytes > 0) found->tap_present = true;
      const auto run = run_of(blob.name.text, "ledger-", ".bin");
      if (!run) continue;
      auto bytes = co_await read_stored(blob);
      if (!bytes) co_return Failure(bytes.error());
      auto& known = found->ledgers[*run];
      if (bytes->size() > known.size()) known = std::move(*bytes);
    }
    if (listed->next_marker.empty()) break;
    request.marker = listed->next_marker;
  }
  co_return ok();
}

Task<Result<Bytes>> WitnessReader::read_stored(BlobInfo blob) {
  Bytes all;
  while (all.size() < std::min(blob.bytes, ledger_bytes_max)) {
    auto part = co_await blobs_.read(blob.name, all.size(), read_bytes, blob.etag);
    if (!part) co_return Failure(part.error());
    if (part->empty()) break;
    all.insert(all.end(), part->begin(), part->end());
  }
  co_return all;
}

}  // namespace earshot::recording
