#include "store/detail/erasure_rows.hpp"

#include "store/detail/field_text.hpp"
#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <string>
#include <utility>

namespace earshot::store {
namespace {

DatabaseError missing() {
  return {{.kind = ErrorKind::not_found, .message = "there is no such erasure"}, false};
}

[[noreturn]] void damaged() {
  throw DatabaseError(
      {.kind = ErrorKind::corrupt, .message = "the database holds a receipt out of form"}, false);
}

ErasureState state_of(std::string_view word) {
  for (const auto state :
       {ErasureState::waiting, ErasureState::erasing, ErasureState::erased, ErasureState::refused})
    if (word == to_text(state)) return state;
  damaged();
}

// What begins with a name is one blob.
std::string write_blobs(const std::vector<ErasedBlob>& blobs) {
  FieldWriter fields;
  for (const auto& blob : blobs) {
    fields.add("name", blob.name);
    fields.add("bytes", static_cast<long long>(blob.bytes));
    fields.add("etag", blob.etag);
    fields.add("sha256", blob.sha256);
    fields.add("hash_note", blob.hash_note);
  }
  return fields.take();
}

std::string write_names(const std::vector<std::string>& names) {
  FieldWriter fields;
  for (const auto& name : names) fields.add("name", name);
  return fields.take();
}

long long number_of(const std::string& text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) damaged();
  return number;
}

std::vector<ErasedBlob> read_blobs(const std::string& text) {
  std::vector<ErasedBlob> blobs;
  FieldReader reader(text);
  while (auto field = reader.next()) {
    if (field->name == "name") blobs.push_back({.name = std::move(field->value)});
    if (blobs.empty()) damaged();
    if (field->name == "bytes")
      blobs.back().bytes = static_cast<std::uint64_t>(number_of(field->value));
    if (field->name == "etag") blobs.back().etag = std::move(field->value);
    if (field->name == "sha256") blobs.back().sha256 = std::move(field->value);
    if (field->name == "hash_note") blobs.back().hash_note = std::move(field->value);
  }
  if (reader.damaged()) damaged();
  return blobs;
}

std::string write_counts(const std::vector<RowCount>& counts) {
  FieldWriter fields;
  for (const auto& count : counts) fields.add(count.table, static_cast<long long>(count.rows));
  return fields.take();
}

std::vector<RowCount> read_counts(const std::string& text) {
  std::vector<RowCount> counts;
  FieldReader reader(text);
  while (auto field = reader.next())
    counts.push_back({std::string(field->name), number_of(field->value)});
  if (reader.damaged()) damaged();
  return counts;
}

Erasure read_erasure(Row& row) {
  Erasure erasure;
  erasure.id.text = row.text();
  erasure.at = row.time();
  erasure.caller_key = row.text();
  erasure.finished_at = row.time_or_none();
  erasure.adds_to.text = row.text();
  erasure.number = static_cast<int>(row.number());
  return erasure;
}

std::vector<ErasedCall> calls_of(Connection& connection, const ErasureId& id) {
  std::vector<ErasedCall> calls;
  for (auto& row : connection.query(
           "SELECT context_id, state, why, blobs, row_counts, left_blobs FROM erasure_calls WHERE "
           "erasure_id = :erasure_id ORDER BY context_id",
           6, {{"erasure_id", id}})) {
    ErasedCall call;
    call.call.text = row.text();
    call.state = state_of(row.text());
    call.why = row.text();
    call.blobs = read_blobs(row.text());
    call.rows = read_counts(row.text());
    for (auto& left : read_blobs(row.text())) call.left.push_back(std::move(left.name));
    calls.push_back(std::move(call));
  }
  return calls;
}

std::vector<Erasure> query_erasures(Connection& connection, std::string_view rest,
                                    const Params& params) {
  const auto sql = fmt::format(
      "SELECT erasure_id, at, caller_key, finished_at, adds_to, receipt_number FROM "
      "erasures {}",
      rest);
  std::vector<Erasure> erasures;
  for (auto& row : connection.query(sql, 6, params)) erasures.push_back(read_erasure(row));
  for (auto& erasure : erasures) erasure.calls = calls_of(connection, erasure.id);
  return erasures;
}

}  // namespace

void put_erasure(Connection& connection, const Erasure& erasure) {
  connection.execute(
      "INSERT INTO erasures (erasure_id, at, caller_key, finished_at, adds_to, receipt_number) "
      "VALUES (:erasure_id, :at, :caller_key, :finished_at, :adds_to, :receipt_number)",
      {{"erasure_id", erasure.id},
       {"at", erasure.at},
       {"caller_key", mend_text(erasure.caller_key)},
       {"finished_at", erasure.finished_at},
       {"adds_to", erasure.adds_to},
       {"receipt_number", static_cast<long long>(erasure.number)}});
  for (const auto& call : erasure.calls) put_erased_call(connection, erasure.id, call);
}

Erasure load_erasure(Connection& connection, const ErasureId& id) {
  if (!is_storable_id(id.text)) throw missing();
  auto found = query_erasures(connection, "WHERE erasure_id = :erasure_id", {{"erasure_id", id}});
  if (found.empty()) throw missing();
  return std::move(found.front());
}

std::vector<Erasure> list_erasures(Connection& connection, int limit) {
  return query_erasures(connection, "ORDER BY at DESC, erasure_id DESC LIMIT :limit",
                        {{"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}});
}

void put_erased_call(Connection& connection, const ErasureId& id, const ErasedCall& call) {
  connection.execute(
      "INSERT INTO erasure_calls (erasure_id, context_id, state, why, blobs, row_counts, "
      "left_blobs) VALUES (:erasure_id, :context_id, :state, :why, :blobs, :row_counts, "
      ":left_blobs) ON CONFLICT (erasure_id, context_id) DO UPDATE SET state = excluded.state, why "
      "= excluded.why, blobs = excluded.blobs, row_counts = excluded.row_counts, left_blobs = "
      "excluded.left_blobs",
      {{"erasure_id", id},
       {"context_id", call.call},
       {"state", to_text(call.state)},
       {"why", mend_text(call.why)},
       {"blobs", write_blobs(call.blobs)},
       {"row_counts", write_counts(call.rows)},
       {"left_blobs", write_names(call.left)}});
}

bool finish_erasure(Connection& connection, const ErasureId& id, WallTime at,
                    const std::string& receipt) {
  if (!is_storable_id(id.text)) throw missing();
  const auto changed = connection.execute(
      "UPDATE erasures SET finished_at = :at, receipt = :receipt WHERE erasure_id = :erasure_id "
      "AND finished_at IS NULL",
      {{"at", at}, {"receipt", mend_text(receipt)}, {"erasure_id", id}});
  if (changed > 0) return true;
  const auto known = connection.query(
      "SELECT erasure_id FROM erasures WHERE erasure_id = :erasure_id", 1, {{"erasure_id", id}});
  if (known.empty()) throw missing();
  return false;
}

std::string erasure_receipt(Connection& connection, const ErasureId& id) {
  if (!is_storable_id(id.text)) throw missing();
  auto found = connection.query("SELECT receipt FROM erasures WHERE erasure_id = :erasure_id", 1,
                                {{"erasure_id", id}});
  if (found.empty()) throw missing();
  return found.front().text();
}

}  // namespace earshot::store
