#pragma once
// Opens what is stored of a call as one audio file: what ACS wrote, the same mended and on the
// call's clock, or the bridge's own copy. All are views over stored bytes.

#include "domain/timeline.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/tap_spool.hpp"
#include "recording/audio_layouts.hpp"
#include "recording/audio_reader.hpp"
#include "recording/call_audio.hpp"
#include "recording/channel_voices.hpp"
#include "recording/second_copies.hpp"
#include "recording/wav_audio.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::recording {

enum class AudioSource { acs, repaired, tap };
std::string_view to_text(AudioSource source);
std::optional<AudioSource> parse_audio_source(std::string_view text);  // "" is acs

struct AudioRequest {
  AudioSource source = AudioSource::acs;
  ChannelChoice channels;
};

struct OpenedAudio {
  std::unique_ptr<AudioReader> reader;
  std::string file_name;  // "recording-20260302T091533Z.wav"; no id, no number
  std::string etag;       // quoted; two answers with one ETag are byte for byte the same
  AudioFormat format;     // of the samples; compressed: not known
  // Of `acs`: indices below the last one that have no audio, which the joined audio skips.
  std::vector<ChunkIndex> missing;
};

// What is to be opened: of the call, all of it, or one recording of it.
struct AudioSubject {
  Call call;
  std::vector<Recording> recordings;  // oldest first
  std::vector<Chunk> chunks;          // of these, by recording and index
  // The newest verdict's timeline, for `repaired`; none: it was not verified yet.
  std::optional<Timeline> timeline;
  int verdict = 0;  // its number, which names what was rendered
};

class AudioOpener {
 public:
  // All outlive this, and every reader that it opens.
  struct Services {
    CallStore& store;
    ChunkSource& chunks;
    BlobStore& blobs;
    TapSpool& spool;
    // With it, what must be decoded or brought to one sample rate is opened too: as a merge does
    // it. A view does not, because every reader would make it anew.
    const AudioConversion* conversion = nullptr;
    // Without it, what was mended from a second copy cannot be opened.
    SecondCopies* second_copies = nullptr;
  };
  explicit AudioOpener(Services services) : services_(services) {}

  // `not_found` when there is no such audio (yet); `conflict` when it cannot be had as asked:
  // sample rates that differ, a voice without a channel of its own, mp3 that would have to be
  // decoded; or that is archived (`is_archived`). The message says what can be done.
  Task<Result<OpenedAudio>> open(AudioSubject subject, AudioRequest request);
  // The same as samples, for those who do not want a file. mp3 is a `conflict`.
  Task<Result<std::unique_ptr<WavAudio>>> open_wav(AudioSubject subject, AudioRequest request);

 private:
  struct Opened {
    std::unique_ptr<WavAudio> audio;
    std::string identity;  // of all that it is made of
  };
  // What is laid out, and where its samples are; one for one.
  struct Sources {
    std::vector<LayoutSource> layouts;
    std::vector<std::unique_ptr<SampleSource>> samples;
    std::vector<Chunk> chunks;  // that they are of
    std::string identity;
  };
  Task<Result<OpenedAudio>> open_readable(AudioSubject subject, AudioRequest request);
  Task<Result<Sources>> open_chunks(std::vector<Recording> recordings, std::vector<Chunk> chunks);
  // Appends the copies that mend something.
  Task<Result<void>> open_second_copies(const AudioSubject* subject, Sources* sources);
  Task<Result<void>> open_repair(const AudioSubject* subject, Sources* sources);
  Task<Result<OpenedAudio>> open_mp3(AudioSubject subject);
  Task<Result<Opened>> open_samples(AudioSubject subject, AudioRequest request);
  Task<Result<Opened>> open_acs(AudioSubject subject, ChannelChoice channels);
  Task<Result<Opened>> open_repaired(AudioSubject subject, ChannelChoice channels);
  Task<Result<Opened>> open_tap_audio(AudioSubject subject, ChannelChoice channels);
  void bring_to_one_rate(Sources& sources, std::vector<SpanAudio>& plays) const;

  Services services_;
};

// "20260302T091533Z", of a file's name.
std::string file_stamp(WallTime at);

}  // namespace earshot::recording
