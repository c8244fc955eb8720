#include "store/detail/import_rows.hpp"

#include "base/crypto.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::store {
namespace {

constexpr std::string_view columns =
    "import_id, from_at, to_at, dry_run, state, requested_at, started_at, finished_at, date_at, "
    "marker, other_blobs, requests, bytes_read, attempts, error";
constexpr std::size_t column_count = 15;

Failure no_such_import() { return fail(ErrorKind::not_found, "there is no such import"); }

// Of what changes while an import is made.
Params progress_of(const Import& row) {
  return {{"import_id", row.id},
          {"state", to_word(row.state)},
          {"started_at", row.started_at},
          {"finished_at", row.finished_at},
          {"date_at", row.date},
          {"marker", mend_text(row.marker)},
          {"other_blobs", static_cast<long long>(row.other_blobs)},
          {"requests", static_cast<long long>(row.requests)},
          {"bytes_read", static_cast<long long>(row.bytes_read)},
          {"attempts", static_cast<long long>(row.attempts)},
          {"error", mend_text(row.error)}};
}

Import read_import(Row& row) {
  Import found;
  found.id.text = row.text();
  found.from = row.time();
  found.to = row.time();
  found.dry_run = row.flag();
  from_word(row.text(), found.state);
  found.requested_at = row.time();
  found.started_at = row.time_or_none();
  found.finished_at = row.time_or_none();
  found.date = row.time();
  found.marker = row.text();
  found.other_blobs = static_cast<std::uint64_t>(row.number());
  found.requests = static_cast<std::uint64_t>(row.number());
  found.bytes_read = static_cast<std::uint64_t>(row.number());
  found.attempts = static_cast<int>(row.number());
  found.error = row.text();
  return found;
}

void fill_counts(Connection& connection, Import& found) {
  for (auto& row :
       connection.query("SELECT outcome, COUNT(*), SUM(files) FROM import_items WHERE import_id = "
                        ":import_id GROUP BY outcome",
                        3, {{"import_id", found.id}})) {
    auto outcome = ImportOutcome::known;
    from_word(row.text(), outcome);
    const auto folders = static_cast<std::uint64_t>(row.number());
    count_items(found.counts, outcome, folders, static_cast<std::uint64_t>(row.number()));
  }
}

std::vector<Import> query_imports(Connection& connection, std::string_view rest,
                                  const Params& params) {
  std::vector<Import> found;
  for (auto& row : connection.query(fmt::format("SELECT {} FROM imports {}", columns, rest),
                                    column_count, params))
    found.push_back(read_import(row));
  for (auto& one : found) fill_counts(connection, one);
  return found;
}

ImportItem read_item(Row& row, const ImportId& of) {
  ImportItem item{.of = of};
  item.folder = row.text();
  from_word(row.text(), item.outcome);
  item.call.text = row.text();
  item.recording.text = row.text();
  item.files = static_cast<std::uint32_t>(row.number());
  item.detail = row.text();
  item.at = row.time();
  return item;
}

}  // namespace

std::string folder_key(const std::string& folder) {
  return crypto::to_hex(crypto::sha256(as_bytes(folder)));
}

void count_items(ImportCounts& counts, ImportOutcome outcome, std::uint64_t folders,
                 std::uint64_t files) {
  counts.files += files;
  switch (outcome) {
    case ImportOutcome::adopted:
      counts.adopted += folders;
      break;
    case ImportOutcome::updated:
      counts.updated += folders;
      break;
    case ImportOutcome::known:
      counts.known += folders;
      break;
    case ImportOutcome::searched:
      counts.searched += folders;
      break;
    case ImportOutcome::refused:
      counts.refused += folders;
      break;
    case ImportOutcome::left:
      counts.left += folders;
      break;
  }
}

void put_import(Connection& connection, const Import& added) {
  auto params = progress_of(added);
  params.emplace_back("from_at", added.from);
  params.emplace_back("to_at", added.to);
  params.emplace_back("dry_run", added.dry_run ? 1LL : 0LL);
  params.emplace_back("requested_at", added.requested_at);
  const auto rows = connection.execute(
      "INSERT INTO imports (import_id, from_at, to_at, dry_run, state, requested_at, started_at, "
      "finished_at, date_at, marker, other_blobs, requests, bytes_read, attempts, error) VALUES "
      "(:import_id, :from_at, :to_at, :dry_run, :state, :requested_at, :started_at, :finished_at, "
      ":date_at, :marker, :other_blobs, :requests, :bytes_read, :attempts, :error) ON CONFLICT DO "
      "NOTHING",
      params);
  if (rows != 1)
    throw DatabaseError(
        {.kind = ErrorKind::conflict, .message = "there is an import of that id already"}, false);
}

void update_import(Connection& connection, const Import& changed) {
  const auto rows = connection.execute(
      "UPDATE imports SET state = :state, started_at = :started_at, finished_at = :finished_at, "
      "date_at = :date_at, marker = :marker, other_blobs = :other_blobs, requests = :requests, "
      "bytes_read = :bytes_read, attempts = :attempts, error = :error WHERE import_id = "
      ":import_id",
      progress_of(changed));
  if (rows != 1) throw DatabaseError(no_such_import().error(), false);
}

std::optional<Import> find_import(Connection& connection, const ImportId& id) {
  if (!is_storable_id(id.text)) return std::nullopt;
  auto found = query_imports(connection, "WHERE import_id = :import_id", {{"import_id", id}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Import> list_imports(Connection& connection, int limit) {
  return query_imports(connection, "ORDER BY requested_at DESC, import_id DESC LIMIT :limit",
                       {{"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}});
}

int purge_imports(Connection& connection, WallTime over_before, int limit) {
  auto rows = connection.query(
      "SELECT import_id FROM imports WHERE finished_at < :over_before ORDER BY finished_at, "
      "import_id LIMIT :limit",
      1,
      {{"over_before", over_before},
       {"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}});
  for (auto& row : rows) {
    const Params of{{"import_id", row.text()}};
    for (const auto* table : {"import_items", "imports"})
      connection.execute(fmt::format("DELETE FROM {} WHERE import_id = :import_id", table), of);
  }
  return static_cast<int>(rows.size());
}

void put_import_item(Connection& connection, const ImportItem& item) {
  const auto known = connection.query("SELECT import_id FROM imports WHERE import_id = :import_id",
                                      1, {{"import_id", item.of}});
  if (known.empty()) throw DatabaseError(no_such_import().error(), false);
  connection.execute(
      "INSERT INTO import_items (import_id, folder_key, folder, outcome, context_id, "
      "recording_id, files, detail, at) VALUES (:import_id, :folder_key, :folder, :outcome, "
      ":context_id, :recording_id, :files, :detail, :at) ON CONFLICT (import_id, folder_key) DO "
      "UPDATE SET outcome = excluded.outcome, context_id = excluded.context_id, recording_id = "
      "excluded.recording_id, files = excluded.files, detail = excluded.detail, at = excluded.at",
      {{"import_id", item.of},
       {"folder_key", folder_key(item.folder)},
       {"folder", mend_text(item.folder)},
       {"outcome", to_word(item.outcome)},
       {"context_id", mend_text(item.call.text)},
       {"recording_id", mend_text(item.recording.text)},
       {"files", static_cast<long long>(item.files)},
       {"detail", mend_text(item.detail)},
       {"at", item.at}});
}

std::vector<ImportItem> find_import_items(Connection& connection, const ImportItemQuery& query) {
  if (!is_storable_id(query.of.text)) return {};
  std::string where = "WHERE import_id = :import_id";
  Params params{{"import_id", query.of},
                {"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))},
                {"skipped", static_cast<long long>(std::max(query.offset, 0))}};
  if (!query.folder.empty()) {
    where += " AND folder_key = :folder_key";
    params.emplace_back("folder_key", folder_key(query.folder));
  } else if (!query.outcome) {
    where += " AND outcome <> 'known'";
  }
  if (query.outcome) {
    where += " AND outcome = :outcome";
    params.emplace_back("outcome", to_word(*query.outcome));
  }
  std::vector<ImportItem> items;
  for (auto& row : connection.query(
           fmt::format("SELECT folder, outcome, context_id, recording_id, files, detail, at FROM "
                       "import_items {} ORDER BY at, folder_key LIMIT :limit OFFSET :skipped",
                       where),
           7, params))
    items.push_back(read_item(row, query.of));
  return items;
}

}  // namespace earshot::store
