#include "tests/contract/transcript_search_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace earshot::contract {
namespace {

void say(StoreUnderTest& store, const std::string& call, const std::string& item, Duration start,
         std::string text) {
  Turn turn{.call = {call}, .item_id = item, .session_id = "s"};
  turn.start = start;
  turn.end = start + 1s;
  turn.text = std::move(text);
  Changes changes;
  changes.turns.push_back(std::move(turn));
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

void add_call(StoreUnderTest& store, const std::string& id, int second) {
  Call call;
  call.id = {id};
  call.received_at = at_second(second);
  Changes changes;
  changes.calls.push_back(std::move(call));
  REQUIRE(store.run(store.calls().commit(std::move(changes))).has_value());
}

TranscriptPage ask(StoreUnderTest& store, TranscriptQuery query) {
  auto page = store.run(store.search().search_transcripts(std::move(query)));
  REQUIRE_MESSAGE(page.has_value(), (page ? std::string() : page.error().message));
  return std::move(*page);
}

// "call/item" of each hit, a blank between.
std::string found(StoreUnderTest& store, std::string text) {
  TranscriptQuery query;
  query.text = std::move(text);
  std::string names;
  for (const auto& hit : ask(store, std::move(query)).hits)
    names += (names.empty() ? "" : " ") + hit.call.text + "/" + hit.item_id;
  return names;
}

}  // namespace

void transcripts_are_found(const StoreFactory& make) {
  const auto store = make();
  add_call(*store, "old", 1);
  add_call(*store, "new", 30);
  say(*store, "old", "1", 5s, "I called about my Invoice of March");
  say(*store, "new", "2", 9s, "the invoice is paid");
  say(*store, "new", "1", 2s, "which INVOICE do you mean");

  SUBCASE("in either case, newest call first, and of one call in order of time") {
    CHECK(found(*store, "invoice") == "new/1 new/2 old/1");
    CHECK(found(*store, "  voice of  ") == "old/1");
    CHECK(found(*store, "nothing of that").empty());
    const auto page = ask(*store, {.text = "invoice is"});
    REQUIRE(page.hits.size() == 1);
    CHECK(page.hits[0].text == "the invoice is paid");
    CHECK(page.hits[0].start == 9s);
    CHECK(page.hits[0].end == 10s);
    CHECK(page.hits[0].speaker == Speaker::caller);
    CHECK(page.hits[0].received_at == at_second(30));
    CHECK(page.next.empty());
  }
  SUBCASE("text that changes or goes is found as it is now") {
    say(*store, "new", "2", 9s, "the refund is paid");
    CHECK(found(*store, "invoice") == "new/1 old/1");
    CHECK(found(*store, "refund") == "new/2");
    say(*store, "new", "2", 9s, "");
    CHECK(found(*store, "refund").empty());
  }
  SUBCASE("Japanese is found, and so are one and two characters of anything") {
    say(*store, "old", "j", 20s,
        "\u8acb\u6c42\u66f8\u306b\u3064\u3044\u3066\u304a\u805e\u304d\u3057\u305f\u3044");
    CHECK(found(*store, "\u8acb\u6c42\u66f8") == "old/j");
    CHECK(found(*store, "\u8acb\u6c42") == "old/j");
    CHECK(found(*store, "\u66f8") == "old/j");
    CHECK(found(*store, "\u6c42\u8acb").empty());
    CHECK(found(*store, "of") == "old/1");
    CHECK(found(*store, "I ") != "");
  }
  SUBCASE("what is asked for is text and nothing else") {
    say(*store, "old", "t", 30s, "100% \"sure\" AND a_b (c) 'd' \\ e* NEAR/2 text: -x ^y");
    for (const char* text : {"100% \"sure\"", "\"sure\" AND a_b", "a_b (c)", "'d' \\ e*", "NEAR/2",
                             "text: -x ^y", "%", "_", "\\", "\"", "e*", "^y"}) {
      CAPTURE(text);
      CHECK(found(*store, text) == "old/t");
    }
    for (const char* text :
         {"invoice OR paid", "inv*", "i%e", "in_oice", "text:invoice", "\"invoice\"", "^which",
          "NEAR(invoice paid)", "invoice -paid", "x' OR '1'='1", "__", "%%", "(((", "\"\"\"\""}) {
      CAPTURE(text);
      CHECK(found(*store, text).empty());
    }
  }
  SUBCASE("page by page every turn comes once") {
    for (int i = 0; i < 25; ++i)
      say(*store, i % 2 == 0 ? "old" : "new", fmt::format("p{:02}", i), 60s,
          "needle in a haystack");
    std::string names;
    TranscriptQuery query{.text = "needle", .limit = 4};
    int pages = 0;
    do {
      const auto page = ask(*store, query);
      CHECK(page.hits.size() <= 4);
      for (const auto& hit : page.hits) names += hit.item_id + " ";
      query.cursor = page.next;
      ++pages;
    } while (!query.cursor.empty() && pages < 20);
    CHECK(pages == 7);
    CHECK(names ==
          "p01 p03 p05 p07 p09 p11 p13 p15 p17 p19 p21 p23 "
          "p00 p02 p04 p06 p08 p10 p12 p14 p16 p18 p20 p22 p24 ");
  }
  SUBCASE("only calls of the time asked for") {
    TranscriptQuery query{.text = "invoice"};
    query.from = at_second(2);
    CHECK(ask(*store, query).hits.size() == 2);
    query.to = at_second(30);
    CHECK(ask(*store, query).hits.empty());
    query.from.reset();
    CHECK(ask(*store, query).hits.size() == 1);
  }
  SUBCASE("what cannot be asked is refused with its reason") {
    for (const TranscriptQuery& query :
         {TranscriptQuery{.text = ""}, TranscriptQuery{.text = " \n"},
          TranscriptQuery{.text = std::string(201, 'x')}, TranscriptQuery{.text = "x", .limit = 0},
          TranscriptQuery{.text = "x", .limit = 201}, TranscriptQuery{.text = "x", .cursor = "?"},
          TranscriptQuery{.text = "x", .cursor = "YWJj"}}) {
      const auto page = store->run(store->search().search_transcripts(query));
      CHECK((!page && page.error().kind == ErrorKind::invalid));
    }
    CHECK(found(*store, std::string("in\0voice", 8)).empty());
    CHECK(found(*store, "inv\xff").empty());
  }
}

}  // namespace earshot::contract
