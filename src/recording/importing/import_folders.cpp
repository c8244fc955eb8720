#include "recording/importing/import_folders.hpp"

#include "recording/chunk_name.hpp"

#include <algorithm>
#include <utility>

namespace earshot::recording {

std::vector<ImportFolder> ImportFolders::add(const std::vector<BlobInfo>& blobs) {
  std::vector<ImportFolder> closed;
  for (const auto& blob : blobs) {
    close_before(blob.name.text, closed);
    const auto name = parse_chunk_name(blob.name.text);
    if (!name) {
      ++others_;
      continue;
    }
    const auto [entry, is_new] = open_.try_emplace(name->folder);
    if (is_new) entry->second.first_page = pages_;
    auto& folder = entry->second.folder;
    folder.name = name->folder;
    if (folder.files.size() < files_max_)
      folder.files.push_back(blob);
    else
      ++folder.left_out;
  }
  ++pages_;
  return closed;
}

std::uint64_t ImportFolders::first_page_needed() const {
  auto first = pages_;
  for (const auto& [name, open] : open_) first = std::min(first, open.first_page);
  return first;
}

std::vector<ImportFolder> ImportFolders::finish() {
  std::vector<ImportFolder> closed;
  closed.reserve(open_.size());
  for (auto& [name, open] : open_) closed.push_back(std::move(open.folder));
  open_.clear();
  return closed;
}

void ImportFolders::close_before(const std::string& name, std::vector<ImportFolder>& closed) {
  for (auto folder = open_.begin(); folder != open_.end();) {
    if (name.starts_with(folder->first)) {
      ++folder;
      continue;
    }
    closed.push_back(std::move(folder->second.folder));
    folder = open_.erase(folder);
  }
}

}  // namespace earshot::recording
