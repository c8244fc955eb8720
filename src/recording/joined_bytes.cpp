#include "recording/joined_bytes.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {

JoinedBytes::JoinedBytes(std::string content_type, std::vector<BytePart> parts)
    : content_type_(std::move(content_type)), parts_(std::move(parts)) {
  for (const auto& part : parts_) {
    starts_.push_back(size_);
    size_ += part.bytes;
  }
}

Task<Result<Bytes>> JoinedBytes::read(std::uint64_t offset, std::uint64_t length) {
  Bytes out;
  offset = std::min(offset, size_);
  const auto end = offset + std::min({length, audio_read_bytes_max, size_ - offset});
  auto index =
      static_cast<std::size_t>(std::ranges::upper_bound(starts_, offset) - starts_.begin());
  for (index -= index > 0 ? 1 : 0; index < parts_.size() && starts_[index] < end; ++index) {
    const auto& part = parts_[index];
    const auto from = std::max(offset, starts_[index]);
    const auto to = std::min(end, starts_[index] + part.bytes);
    if (from >= to) continue;
    const auto at = part.offset + (from - starts_[index]);
    auto bytes = co_await part.source->read(at, to - from);
    if (!bytes) co_return Failure(bytes.error());
    if (bytes->size() != to - from)
      co_return fail(ErrorKind::corrupt,
                     fmt::format("{} ends at byte {} where {} were expected", part.name,
                                 at + bytes->size(), at + to - from));
    if (out.empty())
      out = std::move(*bytes);
    else
      out.insert(out.end(), bytes->begin(), bytes->end());
  }
  co_return out;
}

}  // namespace earshot::recording
