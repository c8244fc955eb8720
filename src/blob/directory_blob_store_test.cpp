#include "blob/directory_blob_store.hpp"

#include "net/testing/test_runtime.hpp"
#include "tests/contract/blob_store_contract.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace earshot;

namespace {

struct Fixture {
  Fixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "earshot-blob-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    top = pattern;
    folder = top / "blobs";
  }
  ~Fixture() { std::filesystem::remove_all(top); }

  blob::DirectoryBlobStore make() { return {{.folder = folder, .sync = false}, offload, random}; }
  template <class T>
  T wait(Task<T> task) {
    return runtime.run_for(std::move(task));
  }
  void write_file(const std::filesystem::path& path, std::string_view text) const {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  net::TestRuntime runtime;
  InlineOffload offload;
  SeededRandom random{7};
  std::filesystem::path top;
  std::filesystem::path folder;
};

}  // namespace

TEST_CASE("the directory store keeps the promises of a blob store") {
  Fixture fixture;
  auto store = fixture.make();

  contract::BlobStoreContract(store, [&](Task<void> task) {
    fixture.runtime.run(std::move(task));
  }).all();
}

TEST_CASE("the directory store keeps its promises with fsync too") {
  Fixture fixture;
  blob::DirectoryBlobStore store({.folder = fixture.folder}, fixture.offload, fixture.random);

  contract::BlobStoreContract(store, [&](Task<void> task) {
    fixture.runtime.run(std::move(task));
  }).all();
}

TEST_CASE("a file that another program put into the folder is a blob") {
  Fixture fixture;
  auto store = fixture.make();
  fixture.write_file(fixture.folder / "20260302/id/0-audiowav.wav", "RIFF");

  auto page = fixture.wait(store.list({.prefix = "20260302/"}));

  REQUIRE(page.has_value());
  REQUIRE(page->blobs.size() == 1);
  CHECK(page->blobs[0].name.text == "20260302/id/0-audiowav.wav");
  CHECK(page->blobs[0].content_type == "audio/wav");
}

TEST_CASE("what begins with a dot is neither listed nor reachable") {
  Fixture fixture;
  auto store = fixture.make();
  fixture.write_file(fixture.folder / "a/.half-written", "x");
  REQUIRE(fixture.wait(store.stage_block({"b"}, 0, Bytes{1, 2})).has_value());

  auto page = fixture.wait(store.list({}));
  auto read = fixture.wait(store.read({".earshot/blocks/x"}, 0, 1, ""));

  REQUIRE(page.has_value());
  CHECK(page->blobs.empty());
  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().kind == ErrorKind::invalid);
}

TEST_CASE("a symbolic link and a pipe in the folder are no blobs") {
  Fixture fixture;
  auto store = fixture.make();
  fixture.write_file(fixture.top / "secret", "secret");
  std::filesystem::create_directories(fixture.folder);
  std::filesystem::create_symlink(fixture.top / "secret", fixture.folder / "link");
  REQUIRE(::mkfifo((fixture.folder / "pipe").c_str(), 0600) == 0);

  auto page = fixture.wait(store.list({}));
  auto link = fixture.wait(store.read({"link"}, 0, 10, ""));
  auto pipe = fixture.wait(store.read({"pipe"}, 0, 10, ""));

  REQUIRE(page.has_value());
  CHECK(page->blobs.empty());
  CHECK_FALSE(link.has_value());
  REQUIRE_FALSE(pipe.has_value());
  CHECK(pipe.error().kind == ErrorKind::not_found);
}

TEST_CASE("a name that is a folder already is a conflict and stays as it was") {
  Fixture fixture;
  auto store = fixture.make();
  REQUIRE(fixture.wait(store.put({.name = {"a/b"}, .bytes = {1}})).has_value());

  auto over_folder = fixture.wait(store.put({.name = {"a"}, .bytes = {1}, .replace = true}));
  auto below_file = fixture.wait(store.put({.name = {"a/b/c"}, .bytes = {1}}));
  auto read_below = fixture.wait(store.read({"a/b/c"}, 0, 1, ""));

  REQUIRE_FALSE(over_folder.has_value());
  CHECK(over_folder.error().kind == ErrorKind::conflict);
  REQUIRE_FALSE(below_file.has_value());
  CHECK(below_file.error().kind == ErrorKind::conflict);
  REQUIRE_FALSE(read_below.has_value());
  CHECK(read_below.error().kind == ErrorKind::not_found);
  CHECK(fixture.wait(store.info({"a/b"})).has_value());
}

TEST_CASE("a segment too long for a file name is refused before the disk is asked") {
  Fixture fixture;
  auto store = fixture.make();

  auto put = fixture.wait(store.put({.name = {std::string(256, 'x')}, .bytes = {1}}));

  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().kind == ErrorKind::invalid);
  CHECK(fixture.wait(store.put({.name = {std::string(255, 'x')}, .bytes = {1}})).has_value());
}

TEST_CASE("staged blocks survive a restart") {
  Fixture fixture;
  {
    auto before = fixture.make();
    REQUIRE(fixture.wait(before.stage_block({"a"}, 0, Bytes{'h', 'i'})).has_value());
  }
  auto after = fixture.make();

  CHECK(fixture.wait(after.commit_blocks({"a"}, 1, "")).has_value());

  auto bytes = fixture.wait(after.read({"a"}, 0, 10, ""));
  REQUIRE(bytes.has_value());
  CHECK(as_text(*bytes) == "hi");
}

TEST_CASE("no temporary file is left behind, whatever came of the write") {
  Fixture fixture;
  auto store = fixture.make();
  REQUIRE(fixture.wait(store.put({.name = {"a"}, .bytes = {1}})).has_value());
  REQUIRE_FALSE(fixture.wait(store.put({.name = {"a"}, .bytes = {2}})).has_value());
  REQUIRE(fixture.wait(store.stage_block({"b"}, 0, Bytes{1})).has_value());
  REQUIRE(fixture.wait(store.commit_blocks({"b"}, 1, "")).has_value());
  REQUIRE_FALSE(fixture.wait(store.commit_blocks({"c"}, 1, "")).has_value());

  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.folder))
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 2);
}

TEST_CASE("a folder that cannot be written to is said, with its path") {
  Fixture fixture;
  fixture.write_file(fixture.folder, "a file where the folder is meant");
  auto store = fixture.make();

  auto put = fixture.wait(store.put({.name = {"a"}, .bytes = {1}}));

  REQUIRE_FALSE(put.has_value());
  CHECK(put.error().message.find(fixture.folder.string()) != std::string::npos);
}
