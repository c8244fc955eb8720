#include "blob/detail/checks.hpp"

#include "blob/blob_limits.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::blob::detail {
namespace {

Failure bad_name(std::string_view why) {
  return fail(ErrorKind::invalid, fmt::format("blob name {}", why));
}

}  // namespace

Result<void> check_name(const BlobName& name) {
  const std::string_view text = name.text;
  if (text.empty()) return bad_name("is empty");
  if (text.size() > name_bytes_max)
    return bad_name(
        fmt::format("has {} bytes; at most {} are allowed", text.size(), name_bytes_max));
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '\\')
      return bad_name("holds a control character or a backslash");
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('/', begin), text.size());
    const auto segment = text.substr(begin, end - begin);
    if (segment.empty()) return bad_name("begins or ends with '/', or has an empty segment");
    if (segment == "." || segment == "..") return bad_name("has a '.' or '..' segment");
    begin = end + 1;
  }
  return ok();
}

Result<void> check_read(std::uint64_t length) {
  if (length > read_bytes_max)
    return fail(ErrorKind::invalid,
                fmt::format("a read of {} bytes; at most {} in one", length, read_bytes_max));
  return ok();
}

Result<void> check_write(const BlobName& name, std::size_t bytes) {
  if (bytes > write_bytes_max)
    return fail(ErrorKind::invalid,
                fmt::format("a write of {} bytes; at most {} in one", bytes, write_bytes_max));
  return check_name(name);
}

Result<void> check_block(const BlobName& name, std::uint32_t number, std::size_t bytes) {
  if (number >= blocks_max)
    return fail(ErrorKind::invalid,
                fmt::format("block {}; a blob has at most {}", number, blocks_max));
  return check_write(name, bytes);
}

Result<void> check_tags(const BlobTags& tags) {
  const auto allowed = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
      return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             std::string_view(" +-./:=_").find(c) != std::string_view::npos;
    });
  };
  if (tags.size() > tags_max)
    return fail(ErrorKind::invalid,
                fmt::format("{} tags; a blob has at most {}", tags.size(), tags_max));
  for (const auto& [key, value] : tags)
    if (key.empty() || key.size() > tag_key_bytes_max || value.size() > tag_value_bytes_max ||
        !allowed(key) || !allowed(value))
      return fail(ErrorKind::invalid, fmt::format("the tag {} cannot be stored", key));
  return ok();
}

int page_size(const BlobListRequest& request) {
  return std::clamp(request.page_size_max, 1, page_size_max);
}

std::string folder_below(std::string_view name, std::string_view prefix) {
  const auto slash = name.find('/', prefix.size());
  return slash == std::string_view::npos ? std::string{} : std::string(name.substr(0, slash + 1));
}

std::string content_type_of(std::string_view name) {
  const auto ends = [name](std::string_view end) { return name.ends_with(end); };
  if (ends(".wav")) return "audio/wav";
  if (ends(".mp3")) return "audio/mpeg";
  if (ends(".mp4")) return "video/mp4";
  if (ends(".json")) return "application/json";
  return "application/octet-stream";
}

}  // namespace earshot::blob::detail
