#include "recording/sample_source.hpp"

#include "recording/sample_convert.hpp"

#include <fmt/format.h>

namespace earshot::recording {

Task<Result<Bytes>> StoredSamples::read(std::uint64_t first, std::uint64_t count) {
  const auto offset = offset_ + first * format_.frame_bytes();
  const auto length = count * format_.frame_bytes();
  auto bytes = co_await bytes_->read(offset, length);
  if (bytes && bytes->size() != length)
    co_return fail(ErrorKind::corrupt, fmt::format("{} ends at byte {} where {} were expected",
                                                   name_, offset + bytes->size(), offset + length));
  co_return bytes;
}

Task<Result<Bytes>> MixedSamples::read(std::uint64_t first, std::uint64_t count) {
  auto stored = co_await source_->read(first, count);
  if (!stored) co_return stored;
  Bytes mixed;
  convert_frames(*stored, source_->format(), mixed_channels(source_->format().channels), mixed);
  co_return mixed;
}

}  // namespace earshot::recording
