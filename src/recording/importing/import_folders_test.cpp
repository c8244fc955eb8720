#include "recording/importing/import_folders.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

std::vector<BlobInfo> blobs(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::vector<BlobInfo> listed;
  listed.reserve(names.size());
  for (auto& name : names) listed.push_back({.name = {std::move(name)}, .bytes = 1});
  return listed;
}

std::string told(const std::vector<ImportFolder>& folders) {
  std::string text;
  for (const auto& folder : folders)
    text += folder.name + "=" + std::to_string(folder.files.size()) + " ";
  return text;
}

}  // namespace

TEST_CASE("a folder is handed over once, whole, when a page goes past it") {
  ImportFolders folders(100);
  CHECK(told(folders.add(blobs({"d/a/r/0-acsmetadata.json", "d/a/r/0-audiowav.wav"}))).empty());
  CHECK(folders.first_page_needed() == 0);
  CHECK(told(folders.add(blobs({"d/a/r/1-audiowav.wav", "d/b/r/0-audiowav.wav"}))) == "d/a/r/=3 ");
  CHECK(folders.first_page_needed() == 1);
  CHECK(told(folders.finish()) == "d/b/r/=1 ");
  CHECK(folders.first_page_needed() == 2);
}

TEST_CASE("a folder within a folder does not end it") {
  ImportFolders folders(100);
  const auto closed = folders.add(blobs({"d/a/0-audiowav.wav", "d/a/1-deep/r/0-audiowav.wav",
                                         "d/a/2-audiowav.wav", "d/b/0-audiowav.wav"}));
  CHECK(told(closed) == "d/a/1-deep/r/=1 d/a/=2 ");
}

TEST_CASE("what is no chunk's is counted, and more files than one recording has are left out") {
  ImportFolders folders(2);
  const auto closed =
      folders.add(blobs({"d/a/r/0-audiowav.wav", "d/a/r/1-audiowav.wav", "d/a/r/2-audiowav.wav",
                         "d/a/r/manifest.json", "d/readme.txt", "d/z/r/9-audiowav.wav"}));
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].files.size() == 2);
  CHECK(closed[0].left_out == 1);
  CHECK(folders.others() == 2);
}
