#pragma once
// Reads a WAV file's headers from ranges of it, so that the audio stays in its store: a few kB and
// the file's size are enough. Knows RIFF and RF64/BW64, plain and extensible PCM of 8 to 32 bits,
// chunks in any number and of odd sizes before the samples, sizes of 0 and 0xFFFFFFFF, and files
// cut short. Pure: it asks for a range and is fed it.
//
//   WavReader reader(file_bytes);
//   while (auto range = reader.wanted()) { …read it…; if (auto fed = reader.feed(bytes); !fed) … }
//   reader.layout();

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/audio.hpp"

#include <cstdint>
#include <optional>

namespace earshot::recording {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

struct WavLayout {
  AudioFormat format;
  std::uint64_t data_offset = 0;  // of the first sample
  std::uint64_t data_bytes = 0;   // of samples truly there, whole frames
  // The header gives no length (0 or 0xFFFFFFFF, a writer that was cut off): all that follows is
  // samples.
  bool length_unknown = false;
  // The header promises more than there is; by how many bytes.
  std::uint64_t bytes_missing = 0;
};

class WavReader {
 public:
  explicit WavReader(std::uint64_t file_bytes);

  // What it must see next, within the file; nullopt: it is done.
  std::optional<ByteRange> wanted() const;
  // The bytes of `wanted()`, or fewer when the file has become shorter. `corrupt` says at which
  // offset and why; nothing can be fed after it.
  Result<void> feed(ByteView bytes);
  const WavLayout& layout() const { return layout_; }

 private:
  Result<void> read_file_header(ByteView bytes);
  Result<void> read_chunk(ByteView header);
  Result<void> read_format(ByteView body);
  Result<void> read_ds64(ByteView body);
  Result<void> read_data(std::uint32_t declared, std::uint64_t body_offset);
  std::optional<ByteView> window(std::uint64_t offset, std::uint64_t length) const;

  std::uint64_t file_bytes_;
  std::uint64_t position_ = 0;  // of the chunk header that comes next; 0 = the file's own
  std::uint32_t riff_bytes_ = 0;
  bool is_rf64_ = false;
  std::optional<std::uint64_t> rf64_data_bytes_;
  bool has_format_ = false;
  bool done_ = false;
  int chunks_seen_ = 0;
  ByteRange wanted_;
  std::uint64_t fed_offset_ = 0;  // where `fed_` stands in the file
  ByteView fed_;                  // only while feed() runs
  WavLayout layout_;
};

}  // namespace earshot::recording
