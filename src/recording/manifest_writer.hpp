#pragma once
// Makes a manifest at verification: hashes every chunk and the joined audio, once through and in
// constant memory, signs, and stores it beside the audio as `manifest-<verdict>.json`, and as
// `manifest.json`, which is always the newest.

#include "base/clock.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "recording/audio_opener.hpp"
#include "recording/manifest.hpp"

#include <optional>
#include <string>

namespace earshot::recording {

// Where manifest and merged files of a call stand: beside the chunks of its first recording that
// has any, else beside the bridge's witnesses.
std::string audio_folder(const AudioSubject& subject);
// The newest one, or that of a verdict.
BlobName manifest_blob(const AudioSubject& subject, std::optional<int> verdict = {});

struct ManifestRequest {
  // With timeline and the verdict's number.
  AudioSubject subject;
  ClockMapping mapping;
  ManifestVerdict verdict;
};

class ManifestWriter {
 public:
  // All outlive this. `software` is name and version.
  ManifestWriter(AudioOpener::Services services, Clock& clock, ManifestKey key,
                 std::string software);

  // Gives the newest one's name. Fails with `unavailable` when that is worth another try; writing
  // it again for the same verdict replaces it.
  Task<Result<BlobName>> write(ManifestRequest request);

 private:
  Task<Result<ManifestFile>> hash_file(std::unique_ptr<ByteSource> source, BlobName name,
                                       std::uint64_t bytes);
  Task<Result<ManifestAudio>> hash_audio(AudioSubject subject, AudioSource source);
  Task<Result<std::optional<WallTime>>> notice_played(ContextId call);

  AudioOpener::Services services_;
  AudioOpener opener_;
  Clock& clock_;
  ManifestKey key_;
  std::string software_;
};

}  // namespace earshot::recording
