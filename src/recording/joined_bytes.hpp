#pragma once
// Ranges of stored bytes, one behind the other, as one file: the frames of an mp3 recording's
// chunks, or one chunk as it is. Nothing is stored twice, and any byte can be had at once.

#include "recording/audio_reader.hpp"
#include "recording/byte_source.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::recording {

struct BytePart {
  std::unique_ptr<ByteSource> source;
  std::string name;  // for what goes wrong
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class JoinedBytes : public AudioReader {
 public:
  JoinedBytes(std::string content_type, std::vector<BytePart> parts);

  std::string content_type() const override { return content_type_; }
  std::uint64_t size() const override { return size_; }
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override;

 private:
  std::string content_type_;
  std::vector<BytePart> parts_;
  std::vector<std::uint64_t> starts_;  // of each part in the whole
  std::uint64_t size_ = 0;
};

}  // namespace earshot::recording
