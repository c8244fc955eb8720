#pragma once
// The signed description that stands beside a call's audio: what it is made of, byte by byte, and
// what was found of it. docs/manifest.md tells an auditor how to check one. Pure; manifest_json.cpp
// has the text, manifest_writer.hpp makes and stores one.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/call.hpp"
#include "domain/clock_mapping.hpp"
#include "domain/recording.hpp"
#include "domain/timeline.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot::recording {

struct ManifestFile {
  std::string blob;
  std::uint64_t bytes = 0;
  std::string sha256;  // of the whole file, lower-case hex
  bool operator==(const ManifestFile&) const = default;
};

struct ManifestChunk {
  RecordingId recording;
  ChunkIndex index;
  ManifestFile file;
  AudioFormat format;
  std::uint64_t data_offset = 0;
  std::uint64_t data_bytes = 0;
  std::optional<WallTime> start;
  bool operator==(const ManifestChunk&) const = default;
};

struct ManifestRecording {
  RecordingId id;
  RecordingChannels channels = RecordingChannels::mixed;
  RecordingFormat format = RecordingFormat::wav;
  std::optional<WallTime> active_at;
  std::optional<WallTime> ended_at;
  bool operator==(const ManifestRecording&) const = default;
};

// The whole as `GET …/audio?source=` gives it: the hash is that of the downloaded file.
struct ManifestAudio {
  std::string source;  // "acs", "repaired"
  std::uint64_t bytes = 0;
  std::string sha256;
  bool operator==(const ManifestAudio&) const = default;
};

struct ManifestVerdict {
  int number = 0;
  std::string kind;
  WallTime at{};
  std::vector<std::string> witnesses;  // it rests on: "acs", "bridge"
  // "expected" and "present", in microseconds, and whatever else it counts.
  std::vector<std::pair<std::string, std::int64_t>> numbers;
  bool operator==(const ManifestVerdict&) const = default;
};

struct Manifest {
  ContextId call;
  bool imported = false;  // the call was none of this service's
  CorrelationId correlation_id;
  ServerCallId server_call_id;
  CallConnectionId connection_id;
  std::optional<WallTime> connected_at;  // zero of the call's clock
  std::optional<WallTime> ended_at;
  std::vector<ManifestRecording> recordings;
  std::vector<ManifestChunk> chunks;
  std::optional<ManifestFile> repair;  // what was filled from the tap
  std::vector<ManifestAudio> audio;
  Timeline timeline;
  ClockMapping mapping;
  std::optional<WallTime> notice_played_at;  // the recording notice had been said
  RecordingConsent consent = RecordingConsent::record_first;
  std::optional<PlayedNotice> notice;  // its play-out record
  ManifestVerdict verdict;
  std::string software;  // "earshot 0.1.0"
  WallTime written_at{};
  bool operator==(const Manifest&) const = default;
};

// One JSON object, without a signature; the same manifest gives the same bytes.
std::string manifest_text(const Manifest& manifest);

struct ManifestKey {
  Bytes private_key;
  Bytes public_key;
};
// `invalid` unless it has 32 bytes.
Result<ManifestKey> make_manifest_key(Bytes private_key);
// The first 16 hexadecimal digits of the public key's SHA-256.
std::string manifest_key_id(ByteView public_key);

// The text with its signature as last member: a JSON object again, and the signed bytes can be had
// back exactly.
Result<std::string> sign_manifest(std::string_view text, const ManifestKey& key);

struct SignedManifest {
  std::string text;  // the bytes that were signed
  std::string key_id;
  Bytes signature;
};
// `invalid` when there is no signature of the documented form at the end.
Result<SignedManifest> split_manifest(std::string_view signed_text);

// Of one that is read; ours are some kilobytes for each hour.
inline constexpr std::size_t manifest_bytes_max = 16 << 20;

// What checking a manifest needs of it, read back. `invalid` names what is wrong.
struct ManifestClaims {
  std::string call;
  int verdict = 0;
  std::string verdict_kind;
  std::string software;
  // False and empty in one that was written before they were told.
  bool imported = false;
  std::vector<std::string> witnesses;
  std::vector<ManifestAudio> audio;
  std::vector<ManifestFile> files;  // chunks and repair
};
Result<ManifestClaims> read_manifest_claims(std::string_view text);

// Of any document signed in this form: the bytes that were signed, with that key of several, all
// trusted, which it names. `refused` when it names none of them, or was changed since. `what` it is
// stands in errors: "manifest".
Result<std::string> check_signed(std::string_view what, std::string_view signed_text,
                                 std::span<const Bytes> keys);

// The claims of a manifest that was signed with this key. `refused` when it was not, or was changed
// since.
Result<ManifestClaims> check_manifest(std::string_view signed_text, ByteView public_key);
// The same with that key of several, all trusted, which the manifest names; `refused` when it names
// none of them.
Result<ManifestClaims> check_manifest(std::string_view signed_text, std::span<const Bytes> keys);

}  // namespace earshot::recording
