#include "domain/words.hpp"
#include "recording/manifest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

namespace json = boost::json;

constexpr int format_version = 1;
constexpr std::size_t claims_max = 100'000;
constexpr std::size_t witnesses_max = 10;

json::value time(const std::optional<WallTime>& at) {
  return at ? json::value(to_iso8601(*at)) : json::value(nullptr);
}

json::object show(const ManifestFile& file) {
  return {{"blob", file.blob}, {"bytes", file.bytes}, {"sha256", file.sha256}};
}

json::object show(const ManifestChunk& chunk) {
  auto out = show(chunk.file);
  out["recordingId"] = chunk.recording.text;
  out["chunkIndex"] = chunk.index.value;
  out["sampleRateHz"] = chunk.format.sample_rate_hz;
  out["channels"] = chunk.format.channels;
  out["bitsPerSample"] = chunk.format.bits_per_sample;
  out["dataOffset"] = chunk.data_offset;
  out["dataBytes"] = chunk.data_bytes;
  out["start"] = time(chunk.start);
  return out;
}

json::object show(const ManifestRecording& recording) {
  return {{"recordingId", recording.id.text},
          {"channels", recording.channels == RecordingChannels::mixed ? "mixed" : "unmixed"},
          {"format", recording.format == RecordingFormat::wav ? "wav" : "mp3"},
          {"activeAt", time(recording.active_at)},
          {"endedAt", time(recording.ended_at)}};
}

json::object show(const Span& span) {
  json::object out{{"fromUs", span.from.count()},
                   {"toUs", span.to.count()},
                   {"kind", to_text(span.kind)},
                   {"source", to_text(span.source)},
                   {"cause", to_text(span.cause)}};
  if (span.source == SpanSource::none) return out;
  if (!span.recording.empty()) {
    out["recordingId"] = span.recording.text;
    out["chunkIndex"] = span.chunk.value;
  }
  out["firstFrame"] = span.first_frame;
  out["frames"] = span.frames;
  return out;
}

json::object show(const MappingPiece& piece) {
  return {{"side", to_text(piece.side)},
          {"recordingId", piece.recording.text},
          {"chunkIndex", piece.chunk.value},
          {"fromUs", piece.from.count()},
          {"toUs", piece.to.count()},
          {"shiftUs", piece.shift.count()},
          {"uncertaintyUs", piece.uncertainty.count()},
          {"basis", to_text(piece.basis)}};
}

json::object show(const ManifestAudio& audio) {
  return {{"source", audio.source}, {"bytes", audio.bytes}, {"sha256", audio.sha256}};
}

json::object show(const ManifestVerdict& verdict) {
  json::object numbers;
  for (const auto& [name, value] : verdict.numbers) numbers[name] = value;
  json::array witnesses;
  for (const auto& witness : verdict.witnesses) witnesses.push_back(json::value(witness));
  return {{"number", verdict.number},
          {"kind", verdict.kind},
          {"at", to_iso8601(verdict.at)},
          {"witnesses", std::move(witnesses)},
          {"numbers", std::move(numbers)}};
}

json::object show_notice(const Manifest& manifest) {
  json::object out{{"consent", to_text(manifest.consent)}, {"played", manifest.notice.has_value()}};
  if (!manifest.notice) return out;
  const PlayedNotice& notice = *manifest.notice;
  out["fromUs"] = notice.from.count();
  out["toUs"] = notice.to.count();
  out["playedSamples"] = notice.samples;
  out["sampleRateHz"] = notice.rate_hz;
  out["textSha256"] = notice.text_sha256;
  return out;
}

template <class Items>
json::array show_all(const Items& items) {
  json::array out;
  for (const auto& item : items) out.push_back(show(item));
  return out;
}

// Reading back: what is asked for and is not there, or is another type, ends it.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {}
  std::string text(std::string_view name) {
    const auto* value = find(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : (miss(name), std::string());
  }
  std::uint64_t number(std::string_view name) {
    const auto* value = find(name);
    if (value != nullptr && value->is_uint64()) return value->get_uint64();
    if (value != nullptr && value->is_int64() && value->get_int64() >= 0)
      return static_cast<std::uint64_t>(value->get_int64());
    miss(name);
    return 0;
  }
  const json::array* list(std::string_view name) {
    const auto* value = find(name);
    if (value != nullptr && value->is_array() && value->get_array().size() <= claims_max)
      return &value->get_array();
    miss(name);
    return nullptr;
  }
  const json::object* member(std::string_view name) {
    const auto* value = find(name);
    return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
  }
  const std::string& missed() const { return missed_; }

 private:
  const json::value* find(std::string_view name) const { return object_.if_contains(name); }
  void miss(std::string_view name) {
    if (missed_.empty()) missed_ = name;
  }
  const json::object& object_;
  std::string missed_;
};

Failure unreadable(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the manifest cannot be read: {}", what));
}

Result<ManifestFile> read_file(const json::value& value) {
  if (!value.is_object()) return unreadable("a file is no object");
  Reader reader(value.get_object());
  ManifestFile file{.blob = reader.text("blob"),
                    .bytes = reader.number("bytes"),
                    .sha256 = reader.text("sha256")};
  if (!reader.missed().empty()) return unreadable(reader.missed());
  return file;
}

Result<void> read_lists(Reader& reader, ManifestClaims& claims) {
  if (const auto* chunks = reader.list("chunks"))
    for (const auto& chunk : *chunks) {
      auto file = read_file(chunk);
      if (!file) return Failure(file.error());
      claims.files.push_back(std::move(*file));
    }
  if (const auto* repair = reader.member("repair")) {
    auto file = read_file(*repair);
    if (!file) return Failure(file.error());
    claims.files.push_back(std::move(*file));
  }
  if (const auto* audio = reader.list("audio"))
    for (const auto& one : *audio) {
      if (!one.is_object()) return unreadable("audio");
      Reader of(one.get_object());
      claims.audio.push_back(
          {.source = of.text("source"), .bytes = of.number("bytes"), .sha256 = of.text("sha256")});
      if (!of.missed().empty()) return unreadable(of.missed());
    }
  return ok();
}

// None in a manifest that was written before they were told.
std::vector<std::string> read_witnesses(const json::object& verdict) {
  std::vector<std::string> witnesses;
  const auto* told = verdict.if_contains("witnesses");
  if (told == nullptr || !told->is_array() || told->get_array().size() > witnesses_max)
    return witnesses;
  for (const auto& one : told->get_array())
    if (one.is_string()) witnesses.emplace_back(one.get_string());
  return witnesses;
}

}  // namespace

std::string manifest_text(const Manifest& manifest) {
  json::object out;
  out["format"] = "earshot manifest";
  out["formatVersion"] = format_version;
  out["contextId"] = manifest.call.text;
  out["correlationId"] = manifest.correlation_id.text;
  out["serverCallId"] = manifest.server_call_id.text;
  out["callConnectionId"] = manifest.connection_id.text;
  out["imported"] = manifest.imported;
  out["connectedAt"] = time(manifest.connected_at);
  out["endedAt"] = time(manifest.ended_at);
  out["noticePlayedAt"] = time(manifest.notice_played_at);
  out["notice"] = show_notice(manifest);
  out["verdict"] = show(manifest.verdict);
  out["recordings"] = show_all(manifest.recordings);
  out["chunks"] = show_all(manifest.chunks);
  out["repair"] = manifest.repair ? json::value(show(*manifest.repair)) : json::value(nullptr);
  out["audio"] = show_all(manifest.audio);
  json::object timeline{{"fromUs", manifest.timeline.from.count()},
                        {"toUs", manifest.timeline.to.count()},
                        {"spans", show_all(manifest.timeline.spans)}};
  out["timeline"] = std::move(timeline);
  out["clockMapping"] = show_all(manifest.mapping.pieces);
  out["software"] = manifest.software;
  out["writtenAt"] = to_iso8601(manifest.written_at);
  return json::serialize(out);
}

Result<ManifestClaims> read_manifest_claims(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return unreadable("it is no JSON object");
  Reader reader(value.get_object());
  ManifestClaims claims;
  if (reader.text("format") != "earshot manifest" ||
      reader.number("formatVersion") != format_version)
    return unreadable("its format is another one than is known here");
  claims.call = reader.text("contextId");
  claims.software = reader.text("software");
  const auto* verdict = reader.member("verdict");
  if (verdict == nullptr) return unreadable("verdict");
  Reader of_verdict(*verdict);
  claims.verdict = static_cast<int>(of_verdict.number("number"));
  claims.verdict_kind = of_verdict.text("kind");
  if (!of_verdict.missed().empty()) return unreadable(of_verdict.missed());
  claims.witnesses = read_witnesses(*verdict);
  const auto* imported = value.get_object().if_contains("imported");
  claims.imported = imported != nullptr && imported->is_bool() && imported->get_bool();
  if (auto lists = read_lists(reader, claims); !lists) return Failure(lists.error());
  if (!reader.missed().empty()) return unreadable(reader.missed());
  return claims;
}

}  // namespace earshot::recording
