#pragma once
// Puts the blobs of a listing together by the folder they lie in, page by page, and hands a folder
// over once nothing more of it can come. Names come in ascending order, so that little is held: the
// folder that is being listed and those above it. Pure.

#include "ports/blob_store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace earshot::recording {

struct ImportFolder {
  std::string name;             // with its "/"
  std::vector<BlobInfo> files;  // a chunk's by their name, and nothing else
  std::size_t left_out = 0;     // chunk files beyond the bound of one folder
};

class ImportFolders {
 public:
  explicit ImportFolders(std::size_t files_max) : files_max_(files_max) {}

  // One page, in the order of the listing. Gives what is complete with it.
  std::vector<ImportFolder> add(const std::vector<BlobInfo>& blobs);
  // That was the last page.
  std::vector<ImportFolder> finish();
  // Pages so far, and the number (from 0) of the first one whose blobs were not all handed over: of
  // the next one when no folder waits for more.
  std::uint64_t pages() const { return pages_; }
  std::uint64_t first_page_needed() const;
  // Blobs so far that are no chunk's.
  std::uint64_t others() const { return others_; }

 private:
  // Those that a blob of this name cannot belong to any more.
  void close_before(const std::string& name, std::vector<ImportFolder>& closed);

  std::size_t files_max_;
  struct Open {
    ImportFolder folder;
    std::uint64_t first_page = 0;
  };
  std::map<std::string, Open> open_;
  std::uint64_t pages_ = 0;
  std::uint64_t others_ = 0;
};

}  // namespace earshot::recording
