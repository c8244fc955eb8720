#include "store/detail/recording_rows.hpp"

#include "domain/imported_call.hpp"
#include "store/detail/call_rows.hpp"
#include "store/detail/id_list.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::store {
namespace {

constexpr std::string_view recording_columns =
    "context_id, recording_id, phase, channels, format, byos, requested_at, active_at, ended_at, "
    "end_reason, discovery, folder, discovered_at, ended_after";
constexpr std::size_t recording_column_count = 14;

Recording read_recording(Row& row) {
  Recording recording;
  recording.call.text = row.text();
  recording.id.text = row.text();
  from_word(row.text(), recording.phase);
  from_word(row.text(), recording.channels);
  from_word(row.text(), recording.format);
  recording.byos = row.flag();
  recording.requested_at = row.time();
  recording.active_at = row.time_or_none();
  recording.ended_at = row.time_or_none();
  recording.end_reason = row.text();
  from_word(row.text(), recording.discovery);
  recording.folder = row.text();
  recording.discovered_at = row.time_or_none();
  recording.ended_after = row.time_or_none();
  return recording;
}

std::vector<Recording> query_recordings(Connection& connection, std::string_view rest,
                                        const Params& params) {
  const auto sql = fmt::format("SELECT {} FROM recordings {}", recording_columns, rest);
  std::vector<Recording> recordings;
  for (auto& row : connection.query(sql, recording_column_count, params))
    recordings.push_back(read_recording(row));
  return recordings;
}

constexpr std::string_view chunk_columns =
    "chunk_index, audio, metadata, document_id, bytes, sample_rate_hz, channels, bits_per_sample, "
    "data_offset, data_bytes, start_at, duration_us, etag, found_at";
constexpr std::size_t chunk_column_count = 14;

// Pauses and chunks name their recording only; their rows begin with its call.
ContextId call_of(Connection& connection, const RecordingId& id) {
  auto recording = find_recording(connection, id);
  if (!recording)
    throw DatabaseError({.kind = ErrorKind::not_found, .message = "there is no such recording"},
                        false);
  return recording->call;
}

// Of the recording that find_recording() gives.
constexpr std::string_view of_recording =
    "recording_id = :recording_id AND context_id = :context_id";

std::optional<Params> recording_params(Connection& connection, const RecordingId& id) {
  const auto recording = find_recording(connection, id);
  if (!recording) return std::nullopt;
  return Params{{"recording_id", recording->id}, {"context_id", recording->call}};
}

Chunk read_chunk(Row& row, const RecordingId& recording) {
  Chunk chunk;
  chunk.recording = recording;
  chunk.index.value = static_cast<std::uint32_t>(row.number());
  chunk.audio.text = row.text();
  chunk.metadata.text = row.text();
  chunk.document_id = row.text();
  chunk.bytes = static_cast<std::uint64_t>(row.number());
  chunk.format.sample_rate_hz = static_cast<std::uint32_t>(row.number());
  chunk.format.channels = static_cast<std::uint16_t>(row.number());
  chunk.format.bits_per_sample = static_cast<std::uint16_t>(row.number());
  chunk.data_offset = static_cast<std::uint64_t>(row.number());
  chunk.data_bytes = static_cast<std::uint64_t>(row.number());
  chunk.start = row.time_or_none();
  if (auto duration = row.number_or_none()) chunk.duration = Duration(*duration);
  chunk.etag = row.text();
  chunk.found_at = row.time();
  return chunk;
}

RecordingPause read_pause(Row& row, const RecordingId& recording) {
  RecordingPause pause{.recording = recording};
  pause.from = row.time();
  pause.to = row.time_or_none();
  return pause;
}

struct RowsWanted {
  std::string_view table;  // one whose rows begin with a call and a recording
  std::string_view columns;
  std::size_t column_count;
  std::string_view order;
};

// `read` reads the columns of one row.
template <class Read>
auto query_by_recording(Connection& connection, const std::vector<ContextId>& calls,
                        RowsWanted rows, Read read) {
  using Value = decltype(read(std::declval<Row&>(), RecordingId()));
  const auto wanted = of_any(calls);
  const auto sql = fmt::format("SELECT context_id, recording_id, {} FROM {} WHERE {} ORDER BY {}",
                               rows.columns, rows.table, wanted.text, rows.order);
  std::map<RecordingKey, std::vector<Value>> found;
  for (auto& row : connection.query(sql, rows.column_count + 2, wanted.params)) {
    ContextId call{row.text()};
    RecordingId recording{row.text()};
    auto value = read(row, recording);
    found[{std::move(call), std::move(recording)}].push_back(std::move(value));
  }
  return found;
}

}  // namespace

void put_recording(Connection& connection, const Recording& recording) {
  require_call(connection, recording.call);
  connection.execute(
      "INSERT INTO recordings (context_id, recording_id, phase, channels, format, byos, "
      "requested_at, active_at, ended_at, end_reason, discovery, folder, discovered_at, "
      "ended_after) VALUES "
      "(:context_id, :recording_id, :phase, :channels, :format, :byos, :requested_at, :active_at, "
      ":ended_at, :end_reason, :discovery, :folder, :discovered_at, :ended_after) ON CONFLICT "
      "(context_id, "
      "recording_id) DO UPDATE SET phase = excluded.phase, channels = excluded.channels, format = "
      "excluded.format, byos = excluded.byos, requested_at = excluded.requested_at, active_at = "
      "excluded.active_at, ended_at = excluded.ended_at, ended_after = excluded.ended_after, "
      "end_reason = excluded.end_reason, "
      "discovery = CASE WHEN recordings.discovery = 'not_started' THEN excluded.discovery ELSE "
      "recordings.discovery END",
      {{"context_id", recording.call},
       {"recording_id", recording.id},
       {"phase", to_word(recording.phase)},
       {"channels", to_word(recording.channels)},
       {"format", to_word(recording.format)},
       {"byos", recording.byos ? 1LL : 0LL},
       {"requested_at", recording.requested_at},
       {"active_at", recording.active_at},
       {"ended_at", recording.ended_at},
       {"end_reason", mend_text(recording.end_reason)},
       {"discovery", to_word(recording.discovery)},
       {"folder", mend_text(recording.folder)},
       {"discovered_at", recording.discovered_at},
       {"ended_after", recording.ended_after}});
}

void put_discovery(Connection& connection, const DiscoveryChange& change) {
  connection.execute(
      "UPDATE recordings SET discovery = :discovery, folder = COALESCE(NULLIF(:folder, ''), "
      "folder), discovered_at = :discovered_at WHERE context_id = :context_id AND "
      "recording_id = :recording_id",
      {{"discovery", to_word(change.discovery)},
       {"folder", mend_text(change.folder)},
       {"discovered_at", change.discovered_at},
       {"context_id", call_of(connection, change.recording)},
       {"recording_id", change.recording}});
}

void put_pause(Connection& connection, const RecordingPause& pause) {
  connection.execute(
      "INSERT INTO pauses (context_id, recording_id, from_at, to_at) VALUES (:context_id, "
      ":recording_id, :from_at, :to_at) ON CONFLICT (context_id, recording_id, from_at) DO UPDATE "
      "SET to_at = excluded.to_at",
      {{"context_id", call_of(connection, pause.recording)},
       {"recording_id", pause.recording},
       {"from_at", pause.from},
       {"to_at", pause.to}});
}

void put_chunk(Connection& connection, const Chunk& chunk) {
  Params params{{"context_id", call_of(connection, chunk.recording)},
                {"recording_id", chunk.recording},
                {"chunk_index", static_cast<long long>(chunk.index.value)},
                {"audio", chunk.audio},
                {"metadata", chunk.metadata},
                {"document_id", mend_text(chunk.document_id)},
                {"bytes", static_cast<long long>(chunk.bytes)},
                {"sample_rate_hz", static_cast<long long>(chunk.format.sample_rate_hz)},
                {"channels", static_cast<long long>(chunk.format.channels)},
                {"bits_per_sample", static_cast<long long>(chunk.format.bits_per_sample)},
                {"data_offset", static_cast<long long>(chunk.data_offset)},
                {"data_bytes", static_cast<long long>(chunk.data_bytes)},
                {"start_at", chunk.start},
                {"duration_us", std::optional<WallTime>()},
                {"etag", mend_text(chunk.etag)},
                {"found_at", chunk.found_at}};
  if (chunk.duration)
    std::ranges::find(params, "duration_us", &Param::name)->value =
        static_cast<long long>(chunk.duration->count());
  connection.execute(
      "INSERT INTO chunks (context_id, recording_id, chunk_index, audio, metadata, document_id, "
      "bytes, sample_rate_hz, channels, bits_per_sample, data_offset, data_bytes, start_at, "
      "duration_us, etag, found_at) VALUES (:context_id, :recording_id, :chunk_index, :audio, "
      ":metadata, :document_id, :bytes, :sample_rate_hz, :channels, :bits_per_sample, "
      ":data_offset, "
      ":data_bytes, :start_at, :duration_us, :etag, :found_at) ON CONFLICT (context_id, "
      "recording_id, chunk_index) DO UPDATE SET audio = excluded.audio, metadata = "
      "excluded.metadata, document_id = excluded.document_id, bytes = excluded.bytes, "
      "sample_rate_hz = excluded.sample_rate_hz, channels = excluded.channels, bits_per_sample = "
      "excluded.bits_per_sample, data_offset = excluded.data_offset, data_bytes = "
      "excluded.data_bytes, start_at = excluded.start_at, duration_us = excluded.duration_us, etag "
      "= excluded.etag, found_at = excluded.found_at",
      params);
}

std::optional<Recording> find_recording(Connection& connection, const RecordingId& id) {
  if (id.empty() || !is_storable_id(id.text)) return std::nullopt;
  auto found = query_recordings(connection,
                                "WHERE recording_id = :id ORDER BY requested_at DESC, context_id "
                                "DESC LIMIT 1",
                                {{"id", id}});
  if (found.empty()) return std::nullopt;
  return std::move(found.front());
}

std::vector<Recording> find_recordings(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  return query_recordings(connection,
                          "WHERE context_id = :context_id ORDER BY requested_at, recording_id",
                          {{"context_id", call}});
}

std::vector<Recording> list_recordings(Connection& connection, const RecordingQuery& query) {
  std::string where = "WHERE 1 = 1";
  Params params{{"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))}};
  if (query.discovery) {
    where += " AND discovery = :discovery";
    params.emplace_back("discovery", to_word(*query.discovery));
  }
  if (query.from) {
    where += " AND requested_at >= :from_at";
    params.emplace_back("from_at", *query.from);
  }
  if (query.to) {
    where += " AND requested_at < :to_at";
    params.emplace_back("to_at", *query.to);
  }
  if (!query.before_id.empty()) {
    const auto before = find_recording(connection, {query.before_id});
    if (!before)
      throw DatabaseError(
          {.kind = ErrorKind::not_found, .message = "there is no recording to list on from"},
          false);
    where +=
        " AND (requested_at < :before_at OR (requested_at = :before_at AND recording_id < "
        ":before))";
    params.emplace_back("before_at", before->requested_at);
    params.emplace_back("before", before->id);
  }
  where += " ORDER BY requested_at DESC, recording_id DESC LIMIT :limit";
  return query_recordings(connection, where, params);
}

std::vector<RecordingPause> find_pauses(Connection& connection, const RecordingId& id) {
  const auto params = recording_params(connection, id);
  if (!params) return {};
  const auto sql =
      fmt::format("SELECT from_at, to_at FROM pauses WHERE {} ORDER BY from_at", of_recording);
  std::vector<RecordingPause> pauses;
  for (auto& row : connection.query(sql, 2, *params)) pauses.push_back(read_pause(row, id));
  return pauses;
}

std::vector<Chunk> find_chunks(Connection& connection, const RecordingId& id) {
  const auto params = recording_params(connection, id);
  if (!params) return {};
  const auto sql = fmt::format("SELECT {} FROM chunks WHERE {} ORDER BY chunk_index", chunk_columns,
                               of_recording);
  std::vector<Chunk> chunks;
  for (auto& row : connection.query(sql, chunk_column_count, *params))
    chunks.push_back(read_chunk(row, id));
  return chunks;
}

std::map<ContextId, std::vector<Recording>> find_recordings_of(
    Connection& connection, const std::vector<ContextId>& calls) {
  const auto wanted = of_any(calls);
  std::map<ContextId, std::vector<Recording>> found;
  for (auto& recording :
       query_recordings(connection, "WHERE " + wanted.text + " ORDER BY requested_at, recording_id",
                        wanted.params)) {
    const auto call = recording.call;
    found[call].push_back(std::move(recording));
  }
  return found;
}

std::map<RecordingKey, std::vector<RecordingPause>> find_pauses_of(
    Connection& connection, const std::vector<ContextId>& calls) {
  return query_by_recording(
      connection, calls,
      {.table = "pauses", .columns = "from_at, to_at", .column_count = 2, .order = "from_at"},
      read_pause);
}

std::map<RecordingKey, std::vector<Chunk>> find_chunks_of(Connection& connection,
                                                          const std::vector<ContextId>& calls) {
  return query_by_recording(connection, calls,
                            {.table = "chunks",
                             .columns = chunk_columns,
                             .column_count = chunk_column_count,
                             .order = "chunk_index"},
                            read_chunk);
}

std::optional<Chunk> find_chunk(Connection& connection, const BlobName& audio,
                                const std::string& document_id) {
  const auto first = [&](std::string_view where, const Params& params) -> std::optional<Chunk> {
    const auto sql = fmt::format(
        "SELECT recording_id, {} FROM chunks WHERE {} ORDER BY found_at, recording_id LIMIT 1",
        chunk_columns, where);
    for (auto& row : connection.query(sql, chunk_column_count + 1, params)) {
      const RecordingId recording{row.text()};
      return read_chunk(row, recording);
    }
    return std::nullopt;
  };
  if (!audio.empty() && is_storable_id(audio.text))
    if (auto found = first("audio <> '' AND audio = :audio", {{"audio", audio}})) return found;
  const auto wanted = mend_text(document_id);
  if (wanted.empty()) return std::nullopt;
  // The beginning is what the index has.
  return first(
      "document_id <> '' AND substr(document_id, 1, 128) = substr(:wanted, 1, 128) AND document_id "
      "= :document_id",
      {{"wanted", wanted}, {"document_id", wanted}});
}

std::vector<FileOwner> find_owners(Connection& connection, const BlobName& audio) {
  std::vector<FileOwner> owners;
  if (audio.empty() || !is_storable_id(audio.text)) return owners;
  for (auto& row : connection.query(
           "SELECT chunks.context_id, chunks.recording_id, calls.ring_key FROM chunks JOIN calls "
           "ON "
           "calls.context_id = chunks.context_id WHERE chunks.audio <> '' AND chunks.audio = "
           ":audio ORDER BY chunks.found_at, chunks.recording_id",
           3, {{"audio", audio}})) {
    FileOwner owner;
    owner.call.text = row.text();
    owner.recording.text = row.text();
    owner.is_imported = row.text().starts_with(imported_ring_prefix);
    owners.push_back(std::move(owner));
  }
  return owners;
}

std::vector<FolderClaimant> find_claimants(Connection& connection, const ClaimantQuery& query) {
  // A call's columns under other names: some are a recording's too.
  constexpr std::string_view unplaced =
      "SELECT {}, of_caller, of_server_call, of_correlation, of_connection, of_ended_at FROM "
      "(SELECT recordings.*, personal.caller AS of_caller, calls.server_call_id AS of_server_call, "
      "calls.correlation_id AS of_correlation, calls.connection_id AS of_connection, "
      "calls.ended_at AS of_ended_at FROM recordings JOIN calls ON calls.context_id = "
      "recordings.context_id LEFT JOIN personal ON personal.context_id = recordings.context_id "
      "WHERE recordings.discovery IN ('not_started', 'searching', 'missing') AND "
      "recordings.requested_at >= :since AND recordings.requested_at <= :begun AND "
      "recordings.folder = '' AND recordings.byos <> 0 AND recordings.phase <> 'failed') AS "
      "unplaced WHERE COALESCE(ended_at, of_ended_at, :ended) >= :ended ORDER BY requested_at "
      "DESC, recording_id DESC LIMIT :limit";
  const Params params{
      {"since", query.requested_since},
      {"begun", query.at + query.slack},
      {"ended", query.at - query.slack},
      {"limit", static_cast<long long>(std::clamp(query.limit, 0, list_limit_max))}};
  std::vector<FolderClaimant> found;
  for (auto& row : connection.query(fmt::format(unplaced, recording_columns),
                                    recording_column_count + 5, params)) {
    FolderClaimant claimant{.recording = read_recording(row)};
    claimant.caller = row.text();
    claimant.server_call.text = row.text();
    claimant.correlation.text = row.text();
    claimant.connection.text = row.text();
    claimant.call_ended_at = row.time_or_none();
    found.push_back(std::move(claimant));
  }
  return found;
}

}  // namespace earshot::store
