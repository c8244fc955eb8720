#pragma once
// What ports/blob_store.hpp promises, asked of any implementation. Call it from a doctest case with
// an empty store and a function that runs a task to its end.

#include "ports/blob_store.hpp"

#include <doctest/doctest.h>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace earshot::contract {

class BlobStoreContract {
 public:
  using Run = std::function<void(Task<void>)>;
  BlobStoreContract(BlobStore& store, Run run) : store_(store), run_(std::move(run)) {}

  void all() {
    reads_what_was_put();
    puts_once_unless_told_to_replace();
    reads_ranges();
    notices_a_change_while_reading();
    refuses_hostile_names();
    forgets_what_is_removed();
    lists_in_order_and_in_pages();
    lists_folders();
    makes_blobs_of_blocks();
    keeps_tiers_or_says_that_it_has_none();
    keeps_tags_or_says_that_it_has_none();
    keeps_legal_holds_or_says_that_it_has_none();
  }

  void reads_what_was_put() {
    put("plain/a.wav", "hello");
    auto info = wait(store_.info({"plain/a.wav"}));
    REQUIRE(info.has_value());
    CHECK(info->name.text == "plain/a.wav");
    CHECK(info->bytes == 5);
    CHECK_FALSE(info->etag.empty());
    CHECK(info->etag.find('"') == std::string::npos);
    CHECK(text("plain/a.wav") == "hello");
    put("plain/empty", "");
    CHECK(wait(store_.info({"plain/empty"}))->bytes == 0);
    CHECK(text("plain/empty").empty());
    // Characters that a recording's names do hold: base64 of a serverCallId, and it encoded.
    put("odd/aHR0cHM6Ly9hcGk+Zg==/x y/0-audiowav.doc%2F1.wav", "odd");
    CHECK(text("odd/aHR0cHM6Ly9hcGk+Zg==/x y/0-audiowav.doc%2F1.wav") == "odd");
  }

  void puts_once_unless_told_to_replace() {
    put("once/a", "first");
    CHECK(try_put("once/a", "first", false).has_value());
    auto other = try_put("once/a", "other", false);
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().kind == ErrorKind::conflict);
    auto longer = try_put("once/a", "first and more", false);
    REQUIRE_FALSE(longer.has_value());
    CHECK(longer.error().kind == ErrorKind::conflict);
    CHECK(text("once/a") == "first");
    const auto before = wait(store_.info({"once/a"}))->etag;
    CHECK(try_put("once/a", "other", true).has_value());
    CHECK(text("once/a") == "other");
    CHECK(wait(store_.info({"once/a"}))->etag != before);
  }

  void reads_ranges() {
    put("range/a", "0123456789");
    CHECK(text("range/a", 2, 3) == "234");
    CHECK(text("range/a", 8, 100) == "89");
    CHECK(text("range/a", 10, 5).empty());
    CHECK(text("range/a", 1'000, 5).empty());
    CHECK(text("range/a", 3, 0).empty());
    auto gone = wait(store_.read({"range/b"}, 0, 1, ""));
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().kind == ErrorKind::not_found);
    auto huge = wait(store_.read({"range/a"}, 0, ~0ull, ""));
    REQUIRE_FALSE(huge.has_value());
    CHECK(huge.error().kind == ErrorKind::invalid);
  }

  void notices_a_change_while_reading() {
    put("change/a", "before");
    const auto etag = wait(store_.info({"change/a"}))->etag;
    CHECK(wait(store_.read({"change/a"}, 0, 3, etag)).has_value());
    REQUIRE(try_put("change/a", "AFTER!", true).has_value());
    auto changed = wait(store_.read({"change/a"}, 3, 3, etag));
    REQUIRE_FALSE(changed.has_value());
    CHECK(changed.error().kind == ErrorKind::conflict);
  }

  void refuses_hostile_names() {
    const std::vector<std::string> names = {"",     "/etc/passwd", "../a", "a/../b",
                                            "a/..", "..",          "a//b", "a/",
                                            "./a",  "a/./b",       "a\\b", std::string("a\0b", 3),
                                            "a\nb", "a\x7f!",      "/",    std::string(1025, 'a')};
    for (const auto& name : names) {
      CAPTURE(name);
      CHECK(kind_of(try_put(name, "x", true)) == ErrorKind::invalid);
      CHECK(kind_of(wait(store_.read({name}, 0, 1, ""))) == ErrorKind::invalid);
      CHECK(kind_of(wait(store_.info({name}))) == ErrorKind::invalid);
      CHECK(kind_of(wait(store_.remove({name}))) == ErrorKind::invalid);
      CHECK(kind_of(wait(store_.stage_block({name}, 0, Bytes{1}))) == ErrorKind::invalid);
    }
  }

  void forgets_what_is_removed() {
    put("gone/a/b/c", "x");
    CHECK(wait(store_.remove({"gone/a/b/c"})).has_value());
    CHECK(kind_of(wait(store_.info({"gone/a/b/c"}))) == ErrorKind::not_found);
    CHECK(wait(store_.remove({"gone/a/b/c"})).has_value());
    CHECK(wait(store_.remove({"gone/never/was"})).has_value());
    CHECK(names({.prefix = "gone/"}).empty());
    CHECK(folders({.prefix = "gone/", .by_folder = true}).empty());
    put("gone/a/b/c", "again");
    CHECK(text("gone/a/b/c") == "again");
  }

  void lists_in_order_and_in_pages() {
    // '-' and '.' sort before '/', '0' behind it: a folder-wise walk must not change the order.
    const std::vector<std::string> expected = {"list/a",     "list/a-b",  "list/a.c",
                                               "list/a1/x",  "list/a1/y", "list/a10",
                                               "list/b/c/d", "list/b/e",  "list/b0"};
    for (auto it = expected.rbegin(); it != expected.rend(); ++it) put(*it, *it);
    for (const int page : {1, 2, 3, 1'000}) {
      CAPTURE(page);
      CHECK(names({.prefix = "list/", .page_size_max = page}) == expected);
    }
    CHECK(names({.prefix = "list/a1"}) ==
          std::vector<std::string>{"list/a1/x", "list/a1/y", "list/a10"});
    CHECK(names({.prefix = "list/b/c/d"}) == std::vector<std::string>{"list/b/c/d"});
    CHECK(names({.prefix = "list/nothing"}).empty());
    auto page = wait(store_.list({.prefix = "list/", .page_size_max = 2}));
    REQUIRE(page.has_value());
    CHECK(page->blobs.size() == 2);
    CHECK_FALSE(page->next_marker.empty());
    CHECK(page->blobs[0].bytes == 6);
    CHECK(page->blobs[0].etag == wait(store_.info({"list/a"}))->etag);
  }

  void lists_folders() {
    for (const auto* name : {"tree/2/a", "tree/2/b/c", "tree/2-x", "tree/1/a", "tree/3"})
      put(name, "x");
    for (const int page : {1, 2, 1'000}) {
      CAPTURE(page);
      const BlobListRequest request{.prefix = "tree/", .by_folder = true, .page_size_max = page};
      CHECK(folders(request) == std::vector<std::string>{"tree/1/", "tree/2/"});
      CHECK(names(request) == std::vector<std::string>{"tree/2-x", "tree/3"});
    }
    CHECK(folders({.prefix = "tree/2", .by_folder = true}) == std::vector<std::string>{"tree/2/"});
  }

  void makes_blobs_of_blocks() {
    const BlobName name{"blocks/a.pcm"};
    CHECK(wait(store_.stage_block(name, 1, bytes("world"))).has_value());
    CHECK(wait(store_.stage_block(name, 0, bytes("wrong"))).has_value());
    CHECK(wait(store_.stage_block(name, 0, bytes("hello "))).has_value());
    CHECK(kind_of(wait(store_.info(name))) == ErrorKind::not_found);
    CHECK(names({.prefix = "blocks/"}).empty());
    CHECK(kind_of(wait(store_.commit_blocks(name, 3, "audio/l16"))) == ErrorKind::invalid);
    CHECK(wait(store_.commit_blocks(name, 2, "audio/l16")).has_value());
    CHECK(text(name.text) == "hello world");
    // As a client does whose answer was lost.
    CHECK(wait(store_.commit_blocks(name, 2, "audio/l16")).has_value());
    CHECK(text(name.text) == "hello world");
    CHECK(kind_of(wait(store_.commit_blocks({"blocks/none"}, 1, ""))) == ErrorKind::invalid);
    CHECK(kind_of(wait(store_.stage_block(name, 50'000, Bytes{1}))) == ErrorKind::invalid);
  }

  void keeps_tiers_or_says_that_it_has_none() {
    put("tier/a", "hello");
    const BlobName name{"tier/a"};
    auto cooled = wait(store_.set_tier(name, StorageTier::cool));
    if (!cooled) {
      CHECK(is_not_supported(cooled.error()));
      CHECK_FALSE(wait(store_.info(name))->tier.has_value());
      return;
    }
    CHECK(*cooled == TierChange::done);
    CHECK(wait(store_.info(name))->tier == StorageTier::cool);
    CHECK(text(name.text) == "hello");
    CHECK(wait(store_.set_tier(name, StorageTier::archive)).has_value());
    auto archived = wait(store_.read(name, 0, 5, ""));
    REQUIRE_FALSE(archived.has_value());
    CHECK(archived.error().kind == ErrorKind::conflict);
    CHECK(is_archived(archived.error()));
    auto page = wait(store_.list({.prefix = "tier/"}));
    REQUIRE(page.has_value());
    CHECK(is_archived(page->blobs.at(0)));
    auto back = wait(store_.set_tier(name, StorageTier::hot));
    REQUIRE(back.has_value());
    CHECK(*back == TierChange::started);
    CHECK(kind_of(wait(store_.set_tier({"tier/none"}, StorageTier::cool))) == ErrorKind::not_found);
    CHECK(wait(store_.remove(name)).has_value());
  }

  void keeps_tags_or_says_that_it_has_none() {
    put("tags/a", "x");
    const BlobName name{"tags/a"};
    const auto etag = wait(store_.info(name))->etag;
    const BlobTags tags{{"hold", "no"}, {"line", "+81 3-1234/x:y=z_."}};
    auto set = wait(store_.set_tags(name, tags));
    if (!set) {
      CHECK(is_not_supported(set.error()));
      auto read = wait(store_.tags(name));
      REQUIRE_FALSE(read.has_value());
      CHECK(is_not_supported(read.error()));
      return;
    }
    CHECK(wait(store_.tags(name)).value() == tags);
    CHECK(wait(store_.set_tags(name, {{"hold", "yes"}})).has_value());
    CHECK(wait(store_.tags(name)).value() == BlobTags{{"hold", "yes"}});
    CHECK(wait(store_.info(name))->etag == etag);
    CHECK(kind_of(wait(store_.set_tags(name, {{"a&b", ""}}))) == ErrorKind::invalid);
    CHECK(kind_of(wait(store_.tags({"tags/none"}))) == ErrorKind::not_found);
  }

  void keeps_legal_holds_or_says_that_it_has_none() {
    put("held/a", "x");
    const BlobName name{"held/a"};
    auto held = wait(store_.set_legal_hold(name, true));
    if (!held) {
      CHECK(is_not_supported(held.error()));
      return;
    }
    CHECK(kind_of(wait(store_.remove(name))) == ErrorKind::conflict);
    CHECK(kind_of(try_put(name.text, "y", true)) == ErrorKind::conflict);
    CHECK(wait(store_.set_legal_hold(name, false)).has_value());
    CHECK(wait(store_.remove(name)).has_value());
  }

 private:
  template <class T>
  T wait(Task<T> task) {
    std::optional<T> result;
    run_(keep(std::move(task), result));
    return std::move(*result);
  }
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }
  template <class T>
  static std::optional<ErrorKind> kind_of(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error().kind);
  }
  static Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

  Result<void> try_put(std::string name, std::string_view content, bool replace) {
    return wait(
        store_.put({.name = {std::move(name)}, .bytes = bytes(content), .replace = replace}));
  }
  void put(std::string name, std::string_view content) {
    CAPTURE(name);
    auto done = try_put(std::move(name), content, false);
    const std::string why = done ? "" : done.error().message;
    CAPTURE(why);
    REQUIRE(done.has_value());
  }
  std::string text(std::string name, std::uint64_t offset = 0, std::uint64_t length = 1'000) {
    auto got = wait(store_.read({std::move(name)}, offset, length, ""));
    REQUIRE(got.has_value());
    return std::string(as_text(*got));
  }
  std::vector<BlobPage> pages(BlobListRequest request) {
    std::vector<BlobPage> all;
    do {
      auto page = wait(store_.list(request));
      REQUIRE(page.has_value());
      CHECK(static_cast<int>(page->blobs.size() + page->prefixes.size()) <= request.page_size_max);
      request.marker = page->next_marker;
      all.push_back(std::move(*page));
      REQUIRE(all.size() < 100);
    } while (!request.marker.empty());
    return all;
  }
  std::vector<std::string> names(BlobListRequest request) {
    std::vector<std::string> found;
    for (const auto& page : pages(std::move(request)))
      for (const auto& blob : page.blobs) found.push_back(blob.name.text);
    return found;
  }
  std::vector<std::string> folders(BlobListRequest request) {
    std::vector<std::string> found;
    for (const auto& page : pages(std::move(request)))
      found.insert(found.end(), page.prefixes.begin(), page.prefixes.end());
    return found;
  }

  BlobStore& store_;
  Run run_;
};

}  // namespace earshot::contract
