#include "app/key_file.hpp"

#include "tests/contract/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fstream>

using namespace earshot;
using namespace earshot::app;

namespace {

namespace fs = std::filesystem;

Bytes first() { return {1, 2, 3}; }
Bytes second() { return {4, 5, 6}; }

}  // namespace

TEST_CASE("a key is made once, for this user alone, and stays as it is") {
  const contract::TemporaryDirectory folder;
  const auto path = folder.path() / "some.key";

  const auto made = load_key_file(path, "the key", 3, first);
  const auto again = load_key_file(path, "the key", 3, second);

  REQUIRE(made.has_value());
  REQUIRE(again.has_value());
  CHECK(*made == first());
  CHECK(*again == first());
  CHECK((fs::status(path).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
        fs::perms::none);
}

TEST_CASE("a key that others may read, or that is none, is refused with what to do") {
  const contract::TemporaryDirectory folder;
  const auto path = folder.path() / "some.key";
  REQUIRE(load_key_file(path, "the key", 3, first).has_value());

  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  const auto open_to_all = load_key_file(path, "the key", 3, first);
  REQUIRE_FALSE(open_to_all.has_value());
  CHECK(open_to_all.error().message.find("the key " + path.string()) == 0);
  CHECK(open_to_all.error().message.find("chmod 600") != std::string::npos);

  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  std::ofstream(path) << "not base64!\n";
  const auto nonsense = load_key_file(path, "the key", 3, first);
  REQUIRE_FALSE(nonsense.has_value());
  CHECK(nonsense.error().message.find("not base64!") == std::string::npos);

  CHECK_FALSE(load_key_file(folder.path() / "none" / "some.key", "the key", 3, first).has_value());
}

TEST_CASE("a file that was emptied or cut short is no key") {
  const contract::TemporaryDirectory folder;
  const auto path = folder.path() / "some.key";
  REQUIRE(load_key_file(path, "the key", 3, first).has_value());
  for (const char* content : {"", "\n", "AQ==\n"}) {
    std::ofstream(path) << content;
    const auto key = load_key_file(path, "the key", 3, first);
    REQUIRE_FALSE(key.has_value());
    CHECK(key.error().message.find("remove it to have another key made") != std::string::npos);
  }
}
