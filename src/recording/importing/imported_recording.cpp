#include "recording/importing/imported_recording.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "domain/imported_call.hpp"
#include "domain/judge.hpp"
#include "domain/timeline_builder.hpp"
#include "domain/words.hpp"
#include "recording/chunk_name.hpp"
#include "recording/discovery_progress.hpp"
#include "recording/metadata_words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>
#include <utility>

namespace earshot::recording {
namespace {

// A recording lies under the UTC date of its start; ACS's idea of that may be off by a day.
constexpr Duration date_slack = std::chrono::hours(24);
// Findings that are named in an import's own words on a folder.
constexpr std::size_t findings_told_max = 3;

std::optional<WallTime> parse_date(std::string_view text) {
  if (text.size() != 8) return std::nullopt;
  return parse_iso8601(
      fmt::format("{}-{}-{}T00:00:00Z", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2)));
}

// 8-4-4-4-12 hexadecimal digits.
bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool digit = std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
    if (dash ? text[i] != '-' : !digit) return false;
  }
  return true;
}

bool is_recording_id(const std::string& text) {
  const auto decoded = base64::decode_url(text);
  if (!decoded) return false;
  const auto json = as_text(*decoded);
  return json.starts_with('{') && json.contains("\"ResourceSpecificId\"");
}

std::string digest_of(std::string_view kind, const std::string& name) {
  return crypto::to_hex(crypto::sha256(as_bytes(fmt::format("{}\n{}", kind, name))));
}

ContextId uuid_of(const std::string& hex) {
  return {fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                      hex.substr(16, 4), hex.substr(20, 12))};
}

// The call that most of the chunks' metadata names; "" when there is no such.
std::string usual_call(const std::vector<InspectedChunk>& chunks) {
  std::map<std::string, int> votes;
  for (const auto& one : chunks)
    if (one.metadata && !one.metadata->call_id.empty()) ++votes[one.metadata->call_id];
  const auto most =
      std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  return most == votes.end() ? std::string() : most->first;
}

bool is_near_date(const FolderPath& path, WallTime time) {
  return !path.date || (time >= *path.date - date_slack &&
                        time < *path.date + std::chrono::hours(24) * 8 + date_slack);
}

// One folder, read: its recording, and when it began and ended.
class FolderReader {
 public:
  FolderReader(FoundFolder folder, WallTime now)
      : folder_(std::move(folder)),
        path_(read_folder_path(folder_.name)),
        own_call_(usual_call(folder_.chunks)),
        now_(now) {}

  Result<void> read() {
    if (auto usable = check_audio(); !usable) return usable;
    for (auto& one : folder_.chunks) {
      if (!is_own(one)) one.chunk.start.reset();
      one.chunk.recording = imported_recording_id(folder_.name);
    }
    start_ = find_start();
    end_ = find_end();
    return ok();
  }

  WallTime start() const { return start_; }
  WallTime end() const { return end_; }
  // No metadata tells its time.
  bool is_guessed() const { return is_guessed_; }
  const std::string& name() const { return folder_.name; }

  std::vector<Chunk> chunks() const {
    std::vector<Chunk> chunks;
    chunks.reserve(folder_.chunks.size());
    for (const auto& one : folder_.chunks) chunks.push_back(one.chunk);
    return chunks;
  }

  Call make_call(const CallNames& names) const {
    Call call;
    call.id = names.guid.empty() ? imported_call_id(folder_.name) : imported_call_id_of(names.guid);
    call.phase = CallPhase::ended;
    call.ring_key = std::string(imported_ring_prefix) + call.id.text;
    call.end_reason = "imported: what became of the call is not known";
    call.recording_phase = RecordingPhase::stopped;
    return call;
  }

  Recording make_recording(const ContextId& call) const {
    const auto first = std::ranges::find_if(folder_.chunks, has_audio);
    const auto name = parse_chunk_name(first->chunk.audio.text);
    bool unmixed = first->chunk.format.channels > 1;
    if (first->metadata && !first->metadata->channel_type.empty())
      unmixed = first->metadata->channel_type == "unmixed";
    return {.id = imported_recording_id(folder_.name),
            .call = call,
            .phase = RecordingPhase::stopped,
            .channels = unmixed ? RecordingChannels::unmixed : RecordingChannels::mixed,
            .format =
                name && name->file == ChunkFile::mp3 ? RecordingFormat::mp3 : RecordingFormat::wav,
            .byos = true,
            .requested_at = start_,
            .active_at = start_,
            .ended_at = end_,
            .end_reason = "imported",
            // Nobody looks for more of it: its folder is all there is to know.
            .discovery = Discovery::found,
            .folder = folder_.name,
            .discovered_at = now_};
  }

  RecordingEvidence evidence(const ContextId& call) const {
    RecordingEvidence recording{.recording = make_recording(call)};
    recording.chunks.reserve(folder_.chunks.size());
    for (std::size_t i = 0; i < folder_.chunks.size(); ++i) {
      const auto& one = folder_.chunks[i];
      ChunkEvidence chunk{.chunk = one.chunk,
                          .exports = folder_.exports.at(i),
                          .unreadable = one.unusable,
                          .bytes_promised = one.bytes_missing};
      if (one.metadata) chunk.metadata = words_of(*one.metadata);
      recording.chunks.push_back(std::move(chunk));
    }
    return recording;
  }

 private:
  static bool has_audio(const InspectedChunk& one) { return one.chunk.data_bytes > 0; }

  Result<void> check_audio() const {
    const auto heard = std::ranges::any_of(folder_.chunks, [](const InspectedChunk& one) {
      return has_audio(one) && length_of(one.chunk) > Duration{0};
    });
    if (heard) return ok();
    const auto& first = folder_.chunks.front();
    return fail(
        ErrorKind::invalid,
        fmt::format("it holds no audio that can be read: chunk {}: {}", first.chunk.index.value,
                    first.unusable.empty() ? "its length is not known" : first.unusable));
  }

  // Metadata that was written for this chunk of this recording, as far as it can be told.
  bool is_own(const InspectedChunk& one) const {
    if (!one.metadata || !one.chunk.start) return false;
    const auto& words = *one.metadata;
    const bool other_call =
        !own_call_.empty() && !words.call_id.empty() && words.call_id != own_call_;
    const bool other_index = words.index && *words.index != one.chunk.index.value;
    return !other_call && !other_index && is_near_date(path_, *one.chunk.start);
  }

  // The first chunk's start; of a later one, less what comes before it.
  WallTime find_start() {
    Duration before{0};
    for (const auto& one : folder_.chunks) {
      if (one.chunk.start) return *one.chunk.start - before;
      before += length_of(one.chunk);
    }
    is_guessed_ = true;
    // ACS writes a chunk when it is full, or its recording over. A container that was copied has
    // newer times.
    const auto written = folder_.modified_at - length_of(folder_.chunks.front().chunk);
    return path_.date && !is_near_date(path_, written) ? *path_.date : written;
  }

  WallTime find_end() const {
    WallTime end = start_;
    WallTime cursor = start_;
    for (const auto& one : folder_.chunks) {
      if (one.chunk.start) cursor = std::max(cursor, *one.chunk.start);
      cursor += true_length(one);
      end = std::max(end, cursor);
    }
    return end;
  }

  // What it was to hold: its metadata's word goes before its header's, which counts to 4 GB when it
  // was never finished.
  static Duration true_length(const InspectedChunk& one) {
    Duration length = length_of(one.chunk);
    for (const auto& pause : one.pauses) length += pause.duration;
    if (one.chunk.start && one.metadata && one.metadata->duration)
      return std::max(length, *one.metadata->duration);
    const auto frame = one.chunk.format.frame_bytes();
    if (frame == 0 || one.chunk.format.sample_rate_hz == 0) return length;
    return length + length_of_frames(one.bytes_missing / frame, one.chunk.format.sample_rate_hz);
  }

  FoundFolder folder_;
  FolderPath path_;
  std::string own_call_;
  WallTime now_;
  WallTime start_{};
  WallTime end_{};
  bool is_guessed_ = false;
};

// The findings that every imported recording has say nothing of this one.
std::string tell(const Verdict& verdict, std::size_t recordings, bool is_guessed) {
  std::string text(to_text(verdict.kind));
  std::size_t told = 0;
  for (const auto& finding : verdict.findings) {
    const bool usual = finding.kind == FindingKind::ledger_lost ||
                       finding.kind == FindingKind::not_examined ||
                       finding.kind == FindingKind::uncorroborated;
    if (usual || ++told > findings_told_max) continue;
    text += fmt::format("; {}{}", to_text(finding.kind),
                        finding.chunk ? fmt::format(" ({})", finding.chunk->value) : "");
  }
  if (told > findings_told_max) text += fmt::format("; {} more", told - findings_told_max);
  if (recordings > 1) text += fmt::format("; one of {} recordings of its call", recordings);
  if (is_guessed) text += "; no metadata tells its time, which is taken from its files";
  return text;
}

Verdict judge_call(const Call& call, const std::vector<FolderReader>& readers, WallTime now,
                   const VerdictThresholds& thresholds) {
  CallEvidence evidence{.call = call, .final = true};
  evidence.recordings.reserve(readers.size());
  for (const auto& reader : readers) evidence.recordings.push_back(reader.evidence(call.id));
  auto built = build_timeline(evidence, thresholds);
  evidence.mapping = mapping_by_metadata(built.timeline, thresholds);
  auto verdict = judge(evidence, std::move(built), thresholds);
  verdict.at = now;
  return verdict;
}

}  // namespace

std::string telephone_of(const std::vector<InspectedChunk>& chunks) {
  for (const auto& one : chunks) {
    if (!one.metadata) continue;
    for (const auto& participant : one.metadata->participants)
      if (participant.id.starts_with("4:")) return participant.id;
  }
  return {};
}

FolderPath read_folder_path(const std::string& folder) {
  FolderPath path;
  std::string_view rest = folder;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const auto first = rest.find('/');
  path.date = parse_date(rest.substr(0, first));
  if (first == std::string_view::npos) return path;
  rest.remove_prefix(first + 1);
  const auto last = rest.rfind('/');
  // The call's id may hold a "/" itself.
  if (last != std::string_view::npos) path.call = percent_decoded(rest.substr(0, last));
  path.recording = percent_decoded(rest.substr(last + 1));
  return path;
}

ContextId imported_call_id(const std::string& folder) {
  return uuid_of(digest_of("imported call", folder));
}

ContextId imported_call_id_of(const std::string& guid) {
  std::string lower = guid;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return uuid_of(digest_of("imported call of that id", lower));
}

RecordingId imported_recording_id(const std::string& folder) {
  auto segment = read_folder_path(folder).recording;
  if (is_recording_id(segment)) return {std::move(segment)};
  return {"imported-" + digest_of("imported recording", folder).substr(0, 32)};
}

CallNames call_names(const FoundFolder& folder) {
  const auto path = read_folder_path(folder.name);
  auto told = usual_call(folder.chunks);
  // A call id of ACS's that no API returns says less than nothing in another id's place.
  if (is_guid(path.call)) return {.guid = is_guid(told) ? told : path.call, .server_call = {}};
  return {.guid = is_guid(told) ? told : std::string(), .server_call = path.call};
}

FolderWords folder_words(const FoundFolder& folder) {
  FolderWords words{.call_id = usual_call(folder.chunks)};
  const auto path = read_folder_path(folder.name);
  for (const auto& one : folder.chunks) {
    if (one.metadata)
      for (const auto& participant : one.metadata->participants)
        words.participants.push_back(participant.id);
    if (words.start || !one.chunk.start || !is_near_date(path, *one.chunk.start)) continue;
    words.start = one.chunk.start;
    words.is_beginning = one.chunk.index.value == 0;
  }
  if (words.start || folder.chunks.empty()) return words;
  const auto written = folder.modified_at - length_of(folder.chunks.front().chunk);
  if (is_near_date(path, written)) words.start = written;
  return words;
}

Result<Adoption> adopt(FoundFolder folder, CallSoFar so_far, WallTime now,
                       const VerdictThresholds& thresholds) {
  if (folder.chunks.empty()) return fail(ErrorKind::invalid, "it holds no chunk");
  const auto names = call_names(folder);
  auto caller = telephone_of(folder.chunks);
  FolderReader own(std::move(folder), now);
  if (auto read = own.read(); !read) return Failure(read.error());
  Adoption adoption{.call = so_far.call ? std::move(*so_far.call) : own.make_call(names),
                    .caller = std::move(caller)};
  auto& call = adoption.call;
  if (call.server_call_id.empty()) call.server_call_id = {names.server_call};
  adoption.recording = own.make_recording(call.id);
  adoption.chunks = own.chunks();
  const bool is_guessed = own.is_guessed();

  std::vector<FolderReader> readers;
  readers.reserve(so_far.siblings.size() + 1);
  readers.push_back(std::move(own));
  for (auto& sibling : so_far.siblings) {
    if (sibling.chunks.empty()) continue;
    FolderReader reader(std::move(sibling), now);
    if (reader.read()) readers.push_back(std::move(reader));
  }
  // Oldest first, and always in the same order.
  std::ranges::sort(readers, {},
                    [](const FolderReader& one) { return std::tuple(one.start(), one.name()); });
  call.received_at = readers.front().start();
  call.ended_at = std::ranges::max(readers, {}, &FolderReader::end).end();
  call.recording_id = imported_recording_id(readers.back().name());
  adoption.verdict = judge_call(call, readers, now, thresholds);
  adoption.detail = tell(adoption.verdict, readers.size(), is_guessed);
  return adoption;
}

}  // namespace earshot::recording
