#include "recording/chunk_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z'); }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

std::optional<ChunkFile> file_of(std::string_view kind, std::string_view extension) {
  if (kind == "acsmetadata") {
    if (extension == "json") return ChunkFile::metadata;
    return std::nullopt;
  }
  if (extension == "wav") return ChunkFile::wav;
  if (extension == "mp3") return ChunkFile::mp3;
  if (extension == "mp4") return ChunkFile::mp4;
  return std::nullopt;
}

// All files of one index in one folder.
struct SameIndex {
  struct File {
    const BlobInfo* blob;
    std::string document_id;
  };
  std::vector<File> audio;
  std::vector<File> metadata;
};

const SameIndex::File* metadata_for(const SameIndex& files, const SameIndex::File& audio) {
  const auto same =
      std::ranges::find(files.metadata, audio.document_id, &SameIndex::File::document_id);
  if (same != files.metadata.end()) return &*same;
  const bool only_ones = files.audio.size() == 1 && files.metadata.size() == 1;
  // Metadata that names no document describes every export of its index.
  const auto unnamed = std::ranges::find(files.metadata, "", &SameIndex::File::document_id);
  if (unnamed != files.metadata.end()) return &*unnamed;
  return only_ones ? files.metadata.data() : nullptr;
}

void add_found(const std::string& folder, ChunkIndex index, const SameIndex& files,
               std::vector<FoundChunk>& out) {
  for (const auto& audio : files.audio) {
    const auto* metadata = metadata_for(files, audio);
    out.push_back({.index = index,
                   .audio = audio.blob->name,
                   .metadata = metadata ? metadata->blob->name : BlobName{},
                   .document_id = audio.document_id,
                   .bytes = audio.blob->bytes,
                   .etag = audio.blob->etag,
                   .folder = folder});
  }
  if (!files.audio.empty()) return;
  for (const auto& metadata : files.metadata)
    out.push_back({.index = index,
                   .audio = {},
                   .metadata = metadata.blob->name,
                   .document_id = metadata.document_id,
                   .bytes = 0,
                   .etag = metadata.blob->etag,
                   .folder = folder});
}

}  // namespace

std::optional<ChunkName> parse_chunk_name(std::string_view blob_name) {
  const auto slash = blob_name.rfind('/');
  const auto folder_size = slash == std::string_view::npos ? 0 : slash + 1;
  const auto name = blob_name.substr(folder_size);

  const auto dash = name.find('-');
  if (dash == std::string_view::npos || dash == 0) return std::nullopt;
  if (!std::ranges::all_of(name.substr(0, dash), is_digit)) return std::nullopt;
  std::uint32_t index = 0;
  const auto parsed = std::from_chars(&name.front(), &name[dash], index);
  if (parsed.ec != std::errc{} || index > chunk_index_max) return std::nullopt;

  const auto rest = name.substr(dash + 1);
  const auto first_dot = rest.find('.');
  if (first_dot == std::string_view::npos || first_dot == 0) return std::nullopt;
  const auto kind = rest.substr(0, first_dot);
  if (!std::ranges::all_of(kind, is_alphanumeric)) return std::nullopt;
  const auto last_dot = rest.rfind('.');
  std::string_view document_id;
  if (last_dot != first_dot) {
    document_id = rest.substr(first_dot + 1, last_dot - first_dot - 1);
    if (document_id.empty() || document_id.contains('.')) return std::nullopt;
  }
  const auto file = file_of(lowered(kind), lowered(rest.substr(last_dot + 1)));
  if (!file) return std::nullopt;
  return ChunkName{.index = {index},
                   .file = *file,
                   .document_id = std::string(document_id),
                   .folder = std::string(blob_name.substr(0, folder_size))};
}

std::map<std::string, std::vector<FoundChunk>> group_chunks(const std::vector<BlobInfo>& blobs) {
  std::map<std::pair<std::string, ChunkIndex>, SameIndex> files;
  for (const auto& blob : blobs) {
    auto name = parse_chunk_name(blob.name.text);
    if (!name) continue;
    auto& same = files[{std::move(name->folder), name->index}];
    auto& list = name->file == ChunkFile::metadata ? same.metadata : same.audio;
    list.push_back({.blob = &blob, .document_id = std::move(name->document_id)});
  }
  std::map<std::string, std::vector<FoundChunk>> folders;
  for (auto& [key, same] : files) {
    std::ranges::sort(same.audio, {}, &SameIndex::File::document_id);
    std::ranges::sort(same.metadata, {}, &SameIndex::File::document_id);
    add_found(key.first, key.second, same, folders[key.first]);
  }
  return folders;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const auto* digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace earshot::recording
