#include "tests/contract/import_store_contract.hpp"

#include "domain/imported_call.hpp"
#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <utility>

namespace earshot::contract {
namespace {

Import sample_import(const std::string& id, int second) {
  return {.id = {id},
          .from = at_second(1),
          .to = at_second(2),
          .dry_run = true,
          .state = ImportState::running,
          .requested_at = at_second(second),
          .started_at = at_second(4),
          .finished_at = at_second(5),
          .date = at_second(6),
          .marker = "2!44!marker",
          .other_blobs = 7,
          .requests = 8,
          .bytes_read = 5'000'000'000,
          .attempts = 9,
          .error = "storage was away"};
}

std::string describe(const Import& row) {
  const auto time = [](const std::optional<WallTime>& at) { return at ? to_iso8601(*at) : "-"; };
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", row.id.text,
                     to_iso8601(row.from), to_iso8601(row.to), row.dry_run,
                     static_cast<int>(row.state), to_iso8601(row.requested_at),
                     time(row.started_at), time(row.finished_at), to_iso8601(row.date), row.marker,
                     row.other_blobs, row.requests, row.bytes_read, row.attempts, row.error);
}

std::string describe(const ImportItem& item) {
  return fmt::format("{} {} {} {} {} {} {} {}", item.of.text, item.folder,
                     static_cast<int>(item.outcome), item.call.text, item.recording.text,
                     item.files, item.detail, to_iso8601(item.at));
}

ImportItem sample_item(const std::string& folder, ImportOutcome outcome, int second) {
  return {.of = {"i1"},
          .folder = folder,
          .outcome = outcome,
          .call = {"c-" + folder},
          .recording = {"r-" + folder},
          .files = 3,
          .detail = "gapped; missing_index (1)",
          .at = at_second(second)};
}

Result<void> add(StoreUnderTest& store, Import row) {
  NewJob job{.kind = "import", .subject = row.id.text, .due = at_second(1)};
  return store.run(store.imports().add_import(std::move(row), std::move(job)));
}

Result<void> put(StoreUnderTest& store, ImportItem item, Changes changes = {}) {
  return store.run(store.imports().put_import_item(std::move(item), std::move(changes)));
}

template <class T>
T value_of(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  return std::move(*result);
}

std::string folders(StoreUnderTest& store, ImportItemQuery query) {
  std::string names;
  for (const auto& item : value_of(store.run(store.imports().import_items(std::move(query)))))
    names += item.folder + " ";
  return names;
}

Changes adoption() {
  Changes changes;
  auto call = sample_call("c1");
  call.version = 0;
  call.ring_key = std::string(imported_ring_prefix) + "c1";
  changes.calls.push_back(std::move(call));
  changes.recordings.push_back(sample_recording("r1", "c1"));
  changes.chunks.push_back(sample_chunk("r1", 0));
  return changes;
}

}  // namespace

void imports_are_kept(const StoreFactory& make) {
  const auto store = make();
  REQUIRE(add(*store, sample_import("i1", 3)).has_value());

  SUBCASE("an import comes back with every field, its job is due, and its id is its own") {
    const auto found = value_of(store->run(store->imports().find_import({"i1"})));
    REQUIRE(found.has_value());
    CHECK(describe(*found) == describe(sample_import("i1", 3)));
    CHECK_FALSE(value_of(store->run(store->imports().find_import({"i9"}))).has_value());
    const auto again = add(*store, sample_import("i1", 9));
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(value_of(store->run(store->jobs().lease("me", at_second(1), at_second(9))))->subject ==
          "i1");
    CHECK_FALSE(
        value_of(store->run(store->jobs().lease("me", at_second(1), at_second(9)))).has_value());
  }
  SUBCASE("imports of long ago go with the words on their folders, and nothing else does") {
    auto running = sample_import("i2", 3);
    running.finished_at.reset();
    auto later = sample_import("i3", 3);
    later.finished_at = at_second(9);
    REQUIRE(add(*store, running).has_value());
    REQUIRE(add(*store, later).has_value());
    REQUIRE(add(*store, sample_import("i4", 3)).has_value());
    REQUIRE(put(*store, sample_item("a/", ImportOutcome::adopted, 1), adoption()).has_value());
    auto kept = sample_item("b/", ImportOutcome::adopted, 1);
    kept.of = {"i3"};
    REQUIRE(put(*store, kept).has_value());
    const auto purge = [&](int second, int limit) {
      return value_of(store->run(store->imports().purge_imports(at_second(second), limit)));
    };
    CHECK(purge(5, 10) == 0);
    CHECK(purge(6, 1) == 1);
    CHECK_FALSE(value_of(store->run(store->imports().find_import({"i1"}))).has_value());
    CHECK(purge(6, 10) == 1);
    std::string left;
    for (const auto& one : value_of(store->run(store->imports().list_imports(10))))
      left += one.id.text + " ";
    CHECK(left == "i3 i2 ");
    CHECK(folders(*store, {.of = {"i1"}, .folder = {}, .outcome = {}}).empty());
    CHECK(folders(*store, {.of = {"i3"}, .folder = {}, .outcome = {}}) == "b/ ");
    CHECK(store->run(store->calls().load_call({"c1"})).has_value());
  }
  SUBCASE("progress replaces all but what was asked for and when") {
    auto next = sample_import("i1", 3);
    next.state = ImportState::done;
    next.marker.clear();
    next.finished_at.reset();
    next.bytes_read = 1;
    auto other = next;
    other.from = other.to = other.requested_at = at_second(50);
    other.dry_run = false;
    REQUIRE(store->run(store->imports().save_import(other)).has_value());
    CHECK(describe(*value_of(store->run(store->imports().find_import({"i1"})))) == describe(next));
    auto stray = store->run(store->imports().save_import(sample_import("i9", 1)));
    REQUIRE_FALSE(stray.has_value());
    CHECK(stray.error().kind == ErrorKind::not_found);
  }
  SUBCASE("imports are listed newest first") {
    REQUIRE(add(*store, sample_import("i2", 5)).has_value());
    REQUIRE(add(*store, sample_import("i3", 1)).has_value());
    std::string ids;
    for (const auto& one : value_of(store->run(store->imports().list_imports(2))))
      ids += one.id.text + " ";
    CHECK(ids == "i2 i1 ");
  }
  SUBCASE("a folder's word is counted, replaced, and found by outcome and page by page") {
    for (const auto& [folder, outcome] :
         {std::pair("a/", ImportOutcome::adopted), std::pair("b/", ImportOutcome::known),
          std::pair("c/", ImportOutcome::refused), std::pair("d/", ImportOutcome::adopted)})
      REQUIRE(put(*store, sample_item(folder, outcome, folder[0] - 'a')).has_value());
    REQUIRE(put(*store, sample_item("d/", ImportOutcome::updated, 3)).has_value());
    const auto counts = value_of(store->run(store->imports().find_import({"i1"})))->counts;
    CHECK(counts.adopted == 1);
    CHECK(counts.updated == 1);
    CHECK(counts.known == 1);
    CHECK(counts.refused == 1);
    CHECK(counts.searched == 0);
    CHECK(counts.files == 12);
    CHECK(folders(*store, {.of = {"i1"}}) == "a/ c/ d/ ");
    CHECK(folders(*store, {.of = {"i1"}, .outcome = ImportOutcome::known}) == "b/ ");
    CHECK(folders(*store, {.of = {"i1"}, .folder = "b/"}) == "b/ ");
    CHECK(folders(*store, {.of = {"i1"}, .limit = 1, .offset = 1}) == "c/ ");
    CHECK(folders(*store, {.of = {"i2"}}).empty());
    const auto items =
        value_of(store->run(store->imports().import_items({.of = {"i1"}, .folder = "c/"})));
    CHECK(describe(items.at(0)) == describe(sample_item("c/", ImportOutcome::refused, 2)));
  }
  SUBCASE("a word and what follows from it are stored both or neither, and once") {
    REQUIRE(put(*store, sample_item("a/", ImportOutcome::adopted, 1), adoption()).has_value());
    CHECK(value_of(store->run(store->calls().recordings_of({"c1"}))).size() == 1);
    const auto again = put(*store, sample_item("b/", ImportOutcome::adopted, 2), adoption());
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(folders(*store, {.of = {"i1"}}) == "a/ ");
    auto stray = sample_item("c/", ImportOutcome::known, 1);
    stray.of = {"i9"};
    Changes other;
    other.calls.push_back(Call{.id = {"c2"}});
    const auto lost = put(*store, stray, std::move(other));
    REQUIRE_FALSE(lost.has_value());
    CHECK(lost.error().kind == ErrorKind::not_found);
    CHECK_FALSE(store->run(store->calls().load_call({"c2"})).has_value());
  }
  SUBCASE("a chunk is found by its blob, or by its document, however long that one's name") {
    auto changes = adoption();
    auto second = sample_chunk("r1", 1);
    second.audio = {"20260302/a/b/1-audio.wav"};
    second.document_id = std::string(5'000, 'd');
    changes.chunks.push_back(second);
    REQUIRE(
        put(*store, sample_item("a/", ImportOutcome::adopted, 1), std::move(changes)).has_value());
    const auto found = [&](const char* audio, const std::string& document) {
      return value_of(store->run(store->imports().find_chunk({audio}, document)));
    };
    const auto by_name = found("20260302/a/b/1-audio.wav", "");
    REQUIRE(by_name.has_value());
    CHECK(describe(*by_name) == describe(second));
    CHECK(found("", "0-wus-d1")->index.value == 0);
    CHECK(found("", std::string(5'000, 'd'))->index.value == 1);
    CHECK_FALSE(found("", std::string(4'999, 'd')).has_value());
    CHECK_FALSE(found("", "").has_value());
    CHECK_FALSE(found("20260302/a/b/9-audio.wav", "").has_value());
  }
}

}  // namespace earshot::contract
