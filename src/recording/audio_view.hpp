#pragma once
// One audio file made of many, without making it: a header in memory and byte ranges of blobs
// behind it. Nothing is stored twice, any length costs the same memory, and any byte can be had at
// once. The arithmetic is pure; AudioViewReader fetches.

#include "base/bytes.hpp"
#include "base/task.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"
#include "domain/recording.hpp"
#include "ports/chunk_source.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace earshot::recording {

// A stretch of one blob's bytes.
struct AudioPart {
  BlobName blob;
  std::string etag;  // the blob must still be this one
  AudioFormat format;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

AudioPart part_of(const Chunk& chunk);

// Either a literal piece (of the header or trailer) or a range of a part.
struct AudioPiece {
  Bytes literal;
  std::size_t part = 0;      // index into the parts, when `literal` is empty
  std::uint64_t offset = 0;  // in the blob
  std::uint64_t bytes = 0;
};

class AudioView {
 public:
  AudioView(std::string content_type, Bytes header, std::vector<AudioPart> parts, Bytes trailer);

  const std::string& content_type() const { return content_type_; }
  std::uint64_t size() const { return size_; }
  const std::vector<AudioPart>& parts() const { return parts_; }
  // What stands at [offset, offset + length), cut to the size.
  std::vector<AudioPiece> pieces(std::uint64_t offset, std::uint64_t length) const;

 private:
  std::string content_type_;
  Bytes header_;
  Bytes trailer_;
  std::vector<AudioPart> parts_;
  std::vector<std::uint64_t> starts_;  // of each part in the view
  std::uint64_t parts_end_ = 0;
  std::uint64_t size_ = 0;
};

// The chunks of a recording as one WAV: 16-byte PCM `fmt `, RF64 where 32 bits do not hold the
// size. `conflict` when the formats differ, `not_found` without parts.
Result<AudioView> make_wav_view(std::vector<AudioPart> parts);
// Their MP3 frames, one behind the other.
Result<AudioView> make_mp3_view(std::vector<AudioPart> parts);
// The header of a WAV whose samples follow it at once.
Bytes wav_header(const AudioFormat& format, std::uint64_t data_bytes);

// Reads an audio file as if it were one; what the API's download and player use.
class AudioReader {
 public:
  virtual ~AudioReader() = default;
  virtual std::string content_type() const = 0;
  virtual std::uint64_t size() const = 0;
  // At most `length` bytes, and at most audio_read_bytes_max; none at the end. `conflict` when a
  // blob has changed since it was discovered, `corrupt` when it has become shorter.
  virtual Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) = 0;
};

inline constexpr std::uint64_t audio_read_bytes_max = 8ull << 20;

class AudioViewReader : public AudioReader {
 public:
  // `source` outlives this.
  AudioViewReader(ChunkSource& source, AudioView view) : source_(source), view_(std::move(view)) {}
  std::string content_type() const override { return view_.content_type(); }
  std::uint64_t size() const override { return view_.size(); }
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override;

 private:
  ChunkSource& source_;
  AudioView view_;
};

}  // namespace earshot::recording
