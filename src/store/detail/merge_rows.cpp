#include "store/detail/merge_rows.hpp"

#include "store/detail/recording_rows.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::store {
namespace {

constexpr std::string_view columns =
    "number, source, channels, etag, state, requested_at, started_at, finished_at, bytes_done, "
    "bytes_total, attempts, error, blob, content_type, sample_rate_hz, channel_count, "
    "bits_per_sample, sha256";
constexpr std::size_t column_count = 18;

// Of what changes while a merge is made.
Params progress_of(const Merge& merge, const ContextId& call) {
  return {{"context_id", call},
          {"recording_id", merge.recording},
          {"number", static_cast<long long>(merge.number)},
          {"etag", mend_text(merge.etag)},
          {"state", to_word(merge.state)},
          {"started_at", merge.started_at},
          {"finished_at", merge.finished_at},
          {"bytes_done", static_cast<long long>(merge.bytes_done)},
          {"bytes_total", static_cast<long long>(merge.bytes_total)},
          {"attempts", static_cast<long long>(merge.attempts)},
          {"error", mend_text(merge.error)},
          {"blob", mend_text(merge.blob.text)},
          {"content_type", mend_text(merge.content_type)},
          {"sample_rate_hz", static_cast<long long>(merge.format.sample_rate_hz)},
          {"channel_count", static_cast<long long>(merge.format.channels)},
          {"bits_per_sample", static_cast<long long>(merge.format.bits_per_sample)},
          {"sha256", mend_text(merge.sha256)}};
}

Merge read_merge(Row& row, const RecordingId& recording) {
  Merge merge{.recording = recording};
  merge.number = static_cast<int>(row.number());
  merge.source = row.text();
  merge.channels = row.text();
  merge.etag = row.text();
  from_word(row.text(), merge.state);
  merge.requested_at = row.time();
  merge.started_at = row.time_or_none();
  merge.finished_at = row.time_or_none();
  merge.bytes_done = static_cast<std::uint64_t>(row.number());
  merge.bytes_total = static_cast<std::uint64_t>(row.number());
  merge.attempts = static_cast<int>(row.number());
  merge.error = row.text();
  merge.blob.text = row.text();
  merge.content_type = row.text();
  merge.format.sample_rate_hz = static_cast<std::uint32_t>(row.number());
  merge.format.channels = static_cast<std::uint16_t>(row.number());
  merge.format.bits_per_sample = static_cast<std::uint16_t>(row.number());
  merge.sha256 = row.text();
  return merge;
}

std::vector<Merge> read_merges(Connection& connection, const RecordingId& recording,
                               std::string_view condition, Params params) {
  const auto stored = find_recording(connection, recording);
  if (!stored) return {};
  params.emplace_back("context_id", stored->call);
  params.emplace_back("recording_id", stored->id);
  const auto sql = fmt::format(
      "SELECT {} FROM merges WHERE context_id = :context_id AND recording_id = :recording_id{} "
      "ORDER BY number",
      columns, condition);
  std::vector<Merge> merges;
  for (auto& row : connection.query(sql, column_count, params))
    merges.push_back(read_merge(row, recording));
  return merges;
}

ContextId call_of(Connection& connection, const RecordingId& id) {
  auto recording = find_recording(connection, id);
  if (!recording)
    throw DatabaseError({.kind = ErrorKind::not_found, .message = "there is no such recording"},
                        false);
  return std::move(recording->call);
}

}  // namespace

void put_merge(Connection& connection, const Merge& merge) {
  auto params = progress_of(merge, call_of(connection, merge.recording));
  params.emplace_back("source", mend_text(merge.source));
  params.emplace_back("channels", mend_text(merge.channels));
  params.emplace_back("requested_at", merge.requested_at);
  const auto added = connection.execute(
      "INSERT INTO merges (context_id, recording_id, number, source, channels, etag, state, "
      "requested_at, started_at, finished_at, bytes_done, bytes_total, attempts, error, blob, "
      "content_type, sample_rate_hz, channel_count, bits_per_sample, sha256) VALUES (:context_id, "
      ":recording_id, :number, :source, :channels, :etag, :state, :requested_at, :started_at, "
      ":finished_at, :bytes_done, :bytes_total, :attempts, :error, :blob, :content_type, "
      ":sample_rate_hz, :channel_count, :bits_per_sample, :sha256) ON CONFLICT DO NOTHING",
      params);
  if (added == 1) return;
  throw DatabaseError(
      {.kind = ErrorKind::conflict, .message = "the recording has a merge of that number already"},
      false);
}

void update_merge(Connection& connection, const Merge& merge) {
  const auto changed = connection.execute(
      "UPDATE merges SET etag = :etag, state = :state, started_at = :started_at, finished_at = "
      ":finished_at, bytes_done = :bytes_done, bytes_total = :bytes_total, attempts = :attempts, "
      "error = :error, blob = :blob, content_type = :content_type, sample_rate_hz = "
      ":sample_rate_hz, channel_count = :channel_count, bits_per_sample = :bits_per_sample, sha256 "
      "= :sha256 WHERE context_id = :context_id AND recording_id = :recording_id AND number = "
      ":number",
      progress_of(merge, call_of(connection, merge.recording)));
  if (changed == 1) return;
  throw DatabaseError(
      {.kind = ErrorKind::not_found, .message = "the recording has no merge of that number"},
      false);
}

std::vector<Merge> find_merges(Connection& connection, const RecordingId& recording) {
  return read_merges(connection, recording, "", {});
}

std::optional<Merge> find_merge(Connection& connection, const RecordingId& recording, int number) {
  auto found = read_merges(connection, recording, " AND number = :number",
                           {{"number", static_cast<long long>(number)}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

int count_unfinished_merges(Connection& connection) {
  auto rows =
      connection.query("SELECT COUNT(*) FROM merges WHERE state IN ('waiting', 'running')", 1);
  return rows.empty() ? 0 : static_cast<int>(rows.front().number());
}

}  // namespace earshot::store
