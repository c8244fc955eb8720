#include "tests/contract/file_locations_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <utility>

namespace earshot::contract {
namespace {

FileLocation sample_location(std::uint32_t index, int told_second = 10) {
  return {
      .recording = {"r1"},
      .index = {index},
      .document_id = fmt::format("0-weu-d3-{}", index),
      .end_reason = "SessionEnded",
      .content = fmt::format("https://eu-storage.asm.skype.com/v1/objects/{}/content/video", index),
      .metadata = fmt::format("https://eu-storage.asm.skype.com/{}?a=b", index),
      .deletion = fmt::format("https://as-storage.asm.skype.com/{}", index),
      .told_at = at_second(told_second),
      .expires_at = at_second(told_second) + files_kept_at_acs};
}

FileFetch sample_fetch(std::uint32_t index) {
  return {.recording = {"r1"},
          .index = {index},
          .state = FileState::fetched,
          .audio = {"20260302/a/b/0-audiowav.wav"},
          .metadata = {"20260302/a/b/0-acsmetadata.json"},
          .bytes = 5'000'000'000,
          .block_hashes = {"aa", "bb"},
          .sha256 = "cc",
          .attempts = 3,
          .last_error = "ACS answered 500",
          .fetched_at = at_second(20),
          .deleted_at = at_second(21)};
}

std::string describe(const FileLocation& told) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", told.recording.text, told.index.value,
                     told.document_id, told.end_reason, told.content, told.metadata, told.deletion,
                     to_iso8601(told.told_at), to_iso8601(told.expires_at));
}

std::string describe(const FileFetch& fetch) {
  std::string hashes;
  for (const auto& hash : fetch.block_hashes) hashes += hash + ",";
  const auto time = [](const std::optional<WallTime>& at) { return at ? to_iso8601(*at) : "-"; };
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {}", fetch.recording.text, fetch.index.value,
                     static_cast<int>(fetch.state), fetch.audio.text, fetch.metadata.text,
                     fetch.bytes, hashes, fetch.sha256, fetch.attempts, fetch.last_error,
                     time(fetch.fetched_at), time(fetch.deleted_at));
}

void commit(StoreUnderTest& store, std::vector<FileLocation> locations) {
  Changes changes;
  changes.file_locations = std::move(locations);
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

std::vector<RecordingFile> files(StoreUnderTest& store, const char* recording = "r1") {
  auto found = store.run(store.files().files_of({recording}));
  REQUIRE(found.has_value());
  return std::move(*found);
}

}  // namespace

void file_locations_are_kept(const StoreFactory& make) {
  const auto store = make();
  Changes call;
  call.calls.push_back(sample_call("c1"));
  call.recordings.push_back(sample_recording("r1", "c1"));
  REQUIRE(store->run(store->calls().commit(std::move(call))).has_value());

  SUBCASE("they come back by index, with every field and nothing fetched") {
    commit(*store, {sample_location(1), sample_location(0)});
    const auto found = files(*store);
    REQUIRE(found.size() == 2);
    CHECK(describe(found[0].told) == describe(sample_location(0)));
    CHECK(describe(found[1].told) == describe(sample_location(1)));
    FileFetch nothing{.recording = {"r1"}, .index = {1}};
    CHECK(describe(found[1].fetch) == describe(nothing));
    CHECK(files(*store, "r2").empty());
  }
  SUBCASE("what was fetched comes back with every field, and is replaced by the next word on it") {
    commit(*store, {sample_location(0), sample_location(1)});
    auto fetch = sample_fetch(1);
    REQUIRE(store->run(store->files().save_fetch(fetch)).has_value());
    CHECK(describe(files(*store)[1].fetch) == describe(fetch));
    CHECK(files(*store)[0].fetch.state == FileState::waiting);
    fetch.state = FileState::expired;
    fetch.block_hashes.clear();
    fetch.fetched_at.reset();
    fetch.deleted_at.reset();
    REQUIRE(store->run(store->files().save_fetch(fetch)).has_value());
    CHECK(describe(files(*store)[1].fetch) == describe(fetch));
  }
  SUBCASE("a later word on a location replaces it, an older one does not, and progress stays") {
    commit(*store, {sample_location(0, 10)});
    REQUIRE(store->run(store->files().save_fetch(sample_fetch(0))).has_value());
    auto later = sample_location(0, 30);
    later.content = "https://as-storage.asm.skype.com/v1/objects/other/content/video";
    commit(*store, {later});
    commit(*store, {sample_location(0, 20)});
    const auto found = files(*store);
    REQUIRE(found.size() == 1);
    CHECK(describe(found[0].told) == describe(later));
    CHECK(describe(found[0].fetch) == describe(sample_fetch(0)));
  }
  SUBCASE("of a recording that is not stored they are refused, with all else in the commit") {
    Changes changes;
    auto location = sample_location(0);
    location.recording = {"r9"};
    changes.file_locations = {location, sample_location(1)};
    auto committed = store->run(store->calls().commit(std::move(changes)));
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().kind == ErrorKind::not_found);
    CHECK(files(*store).empty());
  }
  SUBCASE("progress of a chunk that ACS has not told of is not found") {
    commit(*store, {sample_location(0)});
    auto saved = store->run(store->files().save_fetch(sample_fetch(1)));
    REQUIRE_FALSE(saved.has_value());
    CHECK(saved.error().kind == ErrorKind::not_found);
  }
  SUBCASE("bytes that are no text are mended") {
    auto location = sample_location(0);
    location.content = "https://host/\xff";
    commit(*store, {location});
    CHECK(files(*store)[0].told.content == "https://host/\xef\xbf\xbd");
  }
}

}  // namespace earshot::contract
