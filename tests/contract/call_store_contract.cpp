#include "tests/contract/call_store_contract.hpp"

#include "tests/contract/sample_rows.hpp"

#include <doctest/doctest.h>
#include <utility>

namespace earshot::contract {
namespace {

Result<void> commit(StoreUnderTest& store, Changes changes) {
  return store.run(store.calls().commit(std::move(changes)));
}

std::vector<EventStoreResult> store_events(StoreUnderTest& store,
                                           std::vector<InboundEvent> events) {
  auto stored = store.run(store.calls().store_events(std::move(events), at_second(0)));
  REQUIRE(stored.has_value());
  return *stored;
}

std::vector<StoredEvent> unhandled(StoreUnderTest& store) {
  auto events = store.run(store.calls().unhandled_events(100));
  REQUIRE(events.has_value());
  return std::move(*events);
}

template <class T>
T value_of(Result<T> result) {
  REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().message));
  return std::move(*result);
}

Call simple_call(const std::string& id, int second, CallPhase phase) {
  Call call{.id = {id}, .phase = phase, .received_at = at_second(second)};
  return call;
}

std::string ids_of(const std::vector<Call>& calls) {
  std::string ids;
  for (const auto& call : calls) ids += call.id.text + " ";
  return ids;
}

std::string ids_of(const std::vector<Recording>& recordings) {
  std::string ids;
  for (const auto& recording : recordings) ids += recording.id.text + " ";
  return ids;
}

}  // namespace

void call_store_keeps_calls(const StoreFactory& make) {
  const auto store = make();
  auto& calls = store->calls();

  SUBCASE("a call comes back with every field, its version raised") {
    const auto call = sample_call("c1");
    REQUIRE(commit(*store, {.calls = {call}}).has_value());
    const auto loaded = value_of(store->run(calls.load_call({"c1"})));
    CHECK(describe(loaded) == describe(call));
    CHECK(loaded.version == 1);
  }
  SUBCASE("a call without times keeps them absent") {
    REQUIRE(commit(*store, {.calls = {simple_call("c1", 0, CallPhase::ringing)}}).has_value());
    const auto loaded = value_of(store->run(calls.load_call({"c1"})));
    CHECK_FALSE(loaded.answered_at.has_value());
    CHECK_FALSE(loaded.ended_at.has_value());
  }
  SUBCASE("a change of the version that was read is taken, of an older one it is a conflict") {
    REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());
    auto mine = value_of(store->run(calls.load_call({"c1"})));
    auto theirs = mine;
    mine.end_reason = "mine";
    theirs.end_reason = "theirs";
    REQUIRE(commit(*store, {.calls = {mine}}).has_value());
    auto late = commit(*store, {.calls = {theirs}});
    REQUIRE_FALSE(late.has_value());
    CHECK(late.error().kind == ErrorKind::conflict);
    const auto loaded = value_of(store->run(calls.load_call({"c1"})));
    CHECK(loaded.end_reason == "mine");
    CHECK(loaded.version == 2);
  }
  SUBCASE("the resource that a call came in on is stored with it and never changed") {
    REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());
    auto call = value_of(store->run(calls.load_call({"c1"})));
    CHECK(call.resource == "resource one");
    call.resource = "another";
    call.end_reason = "changed";
    REQUIRE(commit(*store, {.calls = {call}}).has_value());
    const auto loaded = value_of(store->run(calls.load_call({"c1"})));
    CHECK(loaded.end_reason == "changed");
    CHECK(loaded.resource == "resource one");
  }
  SUBCASE("a call is inserted once, and a version of a call that is not there is a conflict") {
    REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());
    auto again = commit(*store, {.calls = {sample_call("c1")}});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    auto ghost = sample_call("c2");
    ghost.version = 4;
    auto updated = commit(*store, {.calls = {ghost}});
    REQUIRE_FALSE(updated.has_value());
    CHECK(updated.error().kind == ErrorKind::conflict);
  }
  SUBCASE("two calls of the same ring are a conflict, calls without a ring are not") {
    REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());
    auto second = sample_call("c2");
    second.ring_key = sample_call("c1").ring_key;
    auto committed = commit(*store, {.calls = {second}});
    REQUIRE_FALSE(committed.has_value());
    CHECK(committed.error().kind == ErrorKind::conflict);
    CHECK(commit(*store, {.calls = {simple_call("c3", 0, CallPhase::ended),
                                    simple_call("c4", 0, CallPhase::ended)}})
              .has_value());
  }
  SUBCASE("a call is found by each of its ids, the newest where several have it") {
    auto older = sample_call("c1");
    auto newer = sample_call("c2");
    newer.received_at = at_second(50);
    newer.correlation_id = older.correlation_id;
    newer.server_call_id = older.server_call_id;
    REQUIRE(commit(*store, {.calls = {newer, older}, .recordings = {sample_recording("r1", "c1")}})
                .has_value());
    CHECK(value_of(store->run(calls.find_call_by_ring_key("ring/c1")))->id.text == "c1");
    CHECK(value_of(store->run(calls.find_call_by_connection({"connection-c2"})))->id.text == "c2");
    CHECK(value_of(store->run(calls.find_call_by_correlation(older.correlation_id)))->id.text ==
          "c2");
    CHECK(value_of(store->run(calls.find_call_by_server_call(older.server_call_id)))->id.text ==
          "c2");
    CHECK(value_of(store->run(calls.find_call_by_recording({"r1"})))->id.text == "c1");
  }
  SUBCASE("nothing is found by an empty or unknown id") {
    REQUIRE(commit(*store, {.calls = {simple_call("c1", 0, CallPhase::ringing)}}).has_value());
    CHECK_FALSE(value_of(store->run(calls.find_call_by_ring_key(""))).has_value());
    CHECK_FALSE(value_of(store->run(calls.find_call_by_connection({""}))).has_value());
    CHECK_FALSE(value_of(store->run(calls.find_call_by_correlation({""}))).has_value());
    CHECK_FALSE(value_of(store->run(calls.find_call_by_server_call({"x"}))).has_value());
    CHECK_FALSE(value_of(store->run(calls.find_call_by_recording({"x"}))).has_value());
    auto missing = store->run(calls.load_call({"c2"}));
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().kind == ErrorKind::not_found);
  }
  SUBCASE("open calls are those that ring, are being answered or are connected, oldest first") {
    REQUIRE(commit(*store, {.calls = {simple_call("c1", 5, CallPhase::connected),
                                      simple_call("c2", 4, CallPhase::answering),
                                      simple_call("c3", 3, CallPhase::ringing),
                                      simple_call("c4", 2, CallPhase::ended),
                                      simple_call("c5", 1, CallPhase::not_answered)}})
                .has_value());
    CHECK(ids_of(value_of(store->run(calls.open_calls()))) == "c3 c2 c1 ");
  }
  SUBCASE("calls are listed newest first, page by page, within times and phase") {
    Changes changes;
    for (int i = 1; i <= 6; ++i)
      changes.calls.push_back(simple_call("c" + std::to_string(i), i / 2,
                                          i == 5 ? CallPhase::connected : CallPhase::ended));
    REQUIRE(commit(*store, changes).has_value());
    CHECK(ids_of(value_of(store->run(calls.list_calls({.limit = 4})))) == "c6 c5 c4 c3 ");
    CHECK(ids_of(value_of(store->run(calls.list_calls({.before_id = "c5", .limit = 2})))) ==
          "c4 c3 ");
    CHECK(ids_of(value_of(store->run(calls.list_calls({.before_id = "c1"})))).empty());
    CHECK(ids_of(value_of(store->run(calls.list_calls({.phase = CallPhase::connected})))) == "c5 ");
    CHECK(ids_of(value_of(store->run(
              calls.list_calls({.from = at_second(1), .to = at_second(2)})))) == "c3 c2 ");
    CHECK(value_of(store->run(calls.list_calls({.limit = -3}))).empty());
    auto lost = store->run(calls.list_calls({.before_id = "nobody"}));
    REQUIRE_FALSE(lost.has_value());
    CHECK(lost.error().kind == ErrorKind::not_found);
  }
  SUBCASE("the database answers a ping") { CHECK(store->run(calls.ping()).has_value()); }
}

void call_store_keeps_what_belongs_to_a_call(const StoreFactory& make) {
  const auto store = make();
  auto& calls = store->calls();
  REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());

  SUBCASE("numbers and names stand apart and can be replaced") {
    auto missing = store->run(calls.load_personal({"c1"}));
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().kind == ErrorKind::not_found);
    REQUIRE(
        commit(*store, {.personal = {{{"c1"}, "4:+15550100", "4:+15550101", "Ada"}}}).has_value());
    REQUIRE(commit(*store, {.personal = {{{"c1"}, "4:+15550102", "", "Bob"}}}).has_value());
    const auto personal = value_of(store->run(calls.load_personal({"c1"})));
    CHECK(personal.caller == "4:+15550102");
    CHECK(personal.called.empty());
    CHECK(personal.caller_name == "Bob");
  }
  SUBCASE("a recording comes back with every field, and is changed in place") {
    auto recording = sample_recording("r1", "c1");
    REQUIRE(commit(*store, {.recordings = {recording}}).has_value());
    CHECK(describe(value_of(store->run(calls.load_recording({"r1"})))) == describe(recording));
    recording.phase = RecordingPhase::failed;
    recording.ended_at.reset();
    recording.ended_after.reset();
    REQUIRE(commit(*store, {.recordings = {recording}}).has_value());
    CHECK(describe(value_of(store->run(calls.load_recording({"r1"})))) == describe(recording));
    CHECK(value_of(store->run(calls.recordings_of({"c1"}))).size() == 1);
  }
  SUBCASE("a call and the search write the same recording, and neither undoes the other") {
    auto held = sample_recording("r1", "c1");
    held.discovery = Discovery::not_started;
    held.folder.clear();
    held.discovered_at.reset();
    REQUIRE(commit(*store, {.recordings = {held}}).has_value());
    held.discovery = Discovery::searching;
    REQUIRE(commit(*store, {.recordings = {held}}).has_value());
    REQUIRE(commit(*store, {.discoveries = {{.recording = {"r1"},
                                             .discovery = Discovery::found,
                                             .folder = "20260302/c/r/",
                                             .discovered_at = at_second(30)}}})
                .has_value());
    held.phase = RecordingPhase::stopped;
    held.ended_at = at_second(25);
    REQUIRE(commit(*store, {.recordings = {held}}).has_value());

    const auto stored = value_of(store->run(calls.load_recording({"r1"})));
    CHECK(stored.discovery == Discovery::found);
    CHECK(stored.folder == "20260302/c/r/");
    CHECK(stored.discovered_at == at_second(30));
    CHECK(stored.phase == RecordingPhase::stopped);
    CHECK(stored.ended_at == at_second(25));
    const auto unknown = commit(*store, {.discoveries = {{.recording = {"nobody"}}}});
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().kind == ErrorKind::not_found);
  }
  SUBCASE("recordings of a call are oldest first, of all calls newest first and by discovery") {
    auto first = sample_recording("r1", "c1");
    auto second = sample_recording("r2", "c1");
    second.requested_at = at_second(20);
    second.discovery = Discovery::searching;
    REQUIRE(commit(*store, {.recordings = {second, first}}).has_value());
    CHECK(ids_of(value_of(store->run(calls.recordings_of({"c1"})))) == "r1 r2 ");
    CHECK(ids_of(value_of(store->run(calls.list_recordings({})))) == "r2 r1 ");
    CHECK(ids_of(value_of(store->run(calls.list_recordings({.before_id = "r2"})))) == "r1 ");
    CHECK(ids_of(value_of(
              store->run(calls.list_recordings({.discovery = Discovery::searching})))) == "r2 ");
    CHECK(ids_of(value_of(store->run(calls.list_recordings({.to = at_second(20)})))) == "r1 ");
  }
  SUBCASE("a pause is closed in place") {
    REQUIRE(commit(*store, {.recordings = {sample_recording("r1", "c1")},
                            .pauses = {{{"r1"}, at_second(20), std::nullopt},
                                       {{"r1"}, at_second(10), at_second(12)}}})
                .has_value());
    REQUIRE(commit(*store, {.pauses = {{{"r1"}, at_second(20), at_second(25)}}}).has_value());
    const auto pauses = value_of(store->run(calls.pauses_of({"r1"})));
    REQUIRE(pauses.size() == 2);
    CHECK(pauses[0].from == at_second(10));
    CHECK(pauses[1].to == at_second(25));
  }
  SUBCASE("chunks are in the order of their indices and replaced by index") {
    auto replaced = sample_chunk("r1", 10);
    replaced.etag = "0x9E";
    replaced.duration.reset();
    REQUIRE(commit(*store, {.recordings = {sample_recording("r1", "c1")},
                            .chunks = {sample_chunk("r1", 10), sample_chunk("r1", 9)}})
                .has_value());
    REQUIRE(commit(*store, {.chunks = {replaced}}).has_value());
    const auto chunks = value_of(store->run(calls.chunks_of({"r1"})));
    REQUIRE(chunks.size() == 2);
    CHECK(describe(chunks[0]) == describe(sample_chunk("r1", 9)));
    CHECK(describe(chunks[1]) == describe(replaced));
  }
  SUBCASE("turns come by start, with their words, and are amended in place") {
    auto late = sample_turn("c1", "i1");
    auto early = sample_turn("c1", "i2");
    early.start = 100us;
    early.words.clear();
    REQUIRE(commit(*store, {.turns = {late, early}}).has_value());
    late.text = "Goo";
    REQUIRE(commit(*store, {.turns = {late}}).has_value());
    const auto turns = value_of(store->run(calls.turns_of({"c1"})));
    REQUIRE(turns.size() == 2);
    CHECK(describe(turns[0]) == describe(early));
    CHECK(describe(turns[1]) == describe(late));
  }
  SUBCASE("a turn that was verified keeps what the bridge believed of it") {
    auto turn = sample_turn("c1", "i1");
    REQUIRE(commit(*store, {.turns = {turn}}).has_value());
    turn.verified = VerifiedCut{.basis = MappingBasis::waveform,
                                .end = 2'400'007us,
                                .uncertainty = 21'003us,
                                .text = "Good after",
                                .is_estimated = true,
                                .words = {{.text = "G", .start = 1'500'001us, .end = 2us}}};
    REQUIRE(commit(*store, {.turns = {turn}}).has_value());
    CHECK(describe(value_of(store->run(calls.turns_of({"c1"}))).at(0)) == describe(turn));
    turn.verified.reset();
    turn.cut.reset();
    REQUIRE(commit(*store, {.turns = {turn}}).has_value());
    CHECK(describe(value_of(store->run(calls.turns_of({"c1"}))).at(0)) == describe(turn));
  }
  SUBCASE("downlink delays come newest first, one for each call") {
    REQUIRE(commit(*store, {.calls = {sample_call("c2")}}).has_value());
    MeasuredDownlink early{
        .call = {"c1"}, .at = at_second(1), .delay = 180ms, .uncertainty = 31ms, .cuts = 2};
    MeasuredDownlink late{.call = {"c2"}, .at = at_second(2), .delay = 250ms};
    REQUIRE(commit(*store, {.downlinks = {early, late}}).has_value());
    early.delay = -20'001us;
    REQUIRE(commit(*store, {.downlinks = {early}}).has_value());
    auto& downlinks = store->downlinks();
    CHECK(value_of(store->run(downlinks.recent_downlinks(5))) == std::vector{late, early});
    CHECK(value_of(store->run(downlinks.recent_downlinks(1))) == std::vector{late});
  }
  SUBCASE("verdicts come back with every field, by number, and none is replaced") {
    const auto first = sample_verdict("c1", 1);
    auto second = sample_verdict("c1", 2);
    second.kind = VerdictKind::complete;
    second.gaps.clear();
    second.findings.clear();
    second.timeline = {};
    second.mapping = {};
    second.thresholds = {};
    REQUIRE(commit(*store, {.verdicts = {first, second}}).has_value());
    CHECK(value_of(store->run(calls.verdict_of({"c1"}, 1))) == first);
    CHECK(value_of(store->run(calls.verdict_of({"c1"}, std::nullopt))) == second);
    CHECK_FALSE(value_of(store->run(calls.verdict_of({"c1"}, 3))).has_value());
    CHECK_FALSE(value_of(store->run(calls.verdict_of({"c9"}, std::nullopt))).has_value());
    const auto all = value_of(store->run(calls.verdicts_of({"c1"})));
    REQUIRE(all.size() == 2);
    CHECK(all[0] == first);
    auto again = commit(*store, {.verdicts = {sample_verdict("c1", 2)}});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(value_of(store->run(calls.verdict_of({"c1"}, 2))) == second);
  }
  SUBCASE("answered calls that are over and have no verdict are found, oldest first") {
    const auto over = [](const std::string& id, int second) {
      auto call = simple_call(id, second, CallPhase::ended);
      call.answered_at = at_second(second + 1);
      call.ended_at = at_second(second + 60);
      return call;
    };
    auto never_answered = over("u5", 5);
    never_answered.answered_at.reset();
    auto lasting = simple_call("u6", 6, CallPhase::connected);
    lasting.answered_at = at_second(7);
    REQUIRE(commit(*store, {.calls = {over("u2", 2), over("u1", 1), over("u3", 3), over("u4", 400),
                                      never_answered, lasting},
                            .verdicts = {sample_verdict("u3", 1)}})
                .has_value());
    UnjudgedQuery query{.received_since = at_second(0), .ended_before = at_second(200)};
    CHECK(ids_of(value_of(store->run(calls.unjudged_calls(query)))) == "u1 u2 ");
    query.limit = 1;
    CHECK(ids_of(value_of(store->run(calls.unjudged_calls(query)))) == "u1 ");
    query = {.received_since = at_second(2), .ended_before = at_second(1000)};
    CHECK(ids_of(value_of(store->run(calls.unjudged_calls(query)))) == "u2 u4 ");
  }
  SUBCASE("journal and diagnostics keep their order, also of a call that is not stored") {
    REQUIRE(
        commit(*store, {.journal = {{{"c1"}, 0, at_second(2), "event CallConnected", "{}"},
                                    {{"elsewhere"}, 0, at_second(2), "event of no call", ""},
                                    {{"c1"}, 0, at_second(1), "recording started", "{\"n\":1}"}},
                        .diagnostics = {{{"c1"}, {"answer", 200, "a", "b", "c", "d"}},
                                        {{"c1"}, {"start recording", 202, "e", "f", "g", "h"}}}})
            .has_value());
    const auto journal = value_of(store->run(calls.journal_of({"c1"})));
    REQUIRE(journal.size() == 2);
    CHECK(journal[0].type == "event CallConnected");
    CHECK(journal[1].detail == "{\"n\":1}");
    CHECK(journal[0].number < journal[1].number);
    const auto elsewhere = value_of(store->run(calls.journal_of({"elsewhere"})));
    REQUIRE(elsewhere.size() == 1);
    CHECK(elsewhere[0].detail == "{}");
    const auto diagnostics = value_of(store->run(calls.diagnostics_of({"c1"})));
    REQUIRE(diagnostics.size() == 2);
    CHECK(diagnostics[0].operation == "answer");
    CHECK(diagnostics[1].status == 202);
    CHECK(diagnostics[1].date == "h");
  }
}

void call_store_keeps_events_once(const StoreFactory& make) {
  const auto store = make();
  auto& calls = store->calls();

  SUBCASE("an event that comes again is a duplicate, also within one delivery") {
    const auto first = store_events(*store, {sample_event("e1", "c1"), sample_event("e1", "c1")});
    REQUIRE(first.size() == 2);
    CHECK(first[0].outcome == Accepted::stored);
    CHECK(first[1].outcome == Accepted::duplicate);
    const auto again = store_events(*store, {sample_event("e1", "c1")});
    CHECK(again.at(0).outcome == Accepted::duplicate);
    CHECK(again.at(0).number == first[0].number);
    CHECK_FALSE(again.at(0).handled);
    CHECK(unhandled(*store).size() == 1);
  }
  SUBCASE("the same id at another door, of another call or of another correlation is another") {
    auto other_door = sample_event("e1", "c1");
    other_door.door = EventDoor::recording_callback;
    auto ring = sample_incoming_call("e1");
    auto other_ring = ring;
    other_ring.correlation_id = {"another"};
    const auto stored = store_events(
        *store, {sample_event("e1", "c1"), sample_event("e1", "c2"), other_door, ring, other_ring});
    for (const auto& result : stored) CHECK(result.outcome == Accepted::stored);
  }
  SUBCASE("every kind of body comes back as it went in, in order of arrival") {
    auto event = sample_event("e", "c1");
    const ResultInformation result{.code = 400, .sub_code = 8501, .message = "line\none \\ two"};
    const std::vector<EventBody> bodies{
        sample_incoming_call("x").body,
        CallConnected{},
        CallDisconnected{result},
        AnswerFailed{result},
        RecordingStateChanged{{"r1"}, true, at_second(4)},
        RecordingStateChanged{{"r1"}, false, std::nullopt},
        StartRecordingFailed{{"r1"}, result},
        MediaStreamingStarted{"started"},
        MediaStreamingStopped{""},
        MediaStreamingFailed{result, "why"},
        RecordingFileStatusUpdated{{"r1"},
                                   {{0, "d0", "e0", "c0", "m0", "x0"}, {1, "", "", "c1", "", ""}},
                                   at_second(4),
                                   90min,
                                   "CallEnded"},
        RecordingFileStatusUpdated{},
        OtherEvent{}};
    std::vector<InboundEvent> events;
    for (const auto& body : bodies) {
      event.id = "e" + std::to_string(events.size());
      event.body = body;
      events.push_back(event);
    }
    events.back().occurred_at.reset();
    store_events(*store, events);
    const auto waiting = unhandled(*store);
    REQUIRE(waiting.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i)
      CHECK(describe(waiting[i].event) == describe(events[i]));
    CHECK(waiting[0].received_at == at_second(0));
    CHECK(waiting[1].event.raw == events[1].raw);
  }
  SUBCASE("what was handled does not come again, and cannot be handled twice") {
    const auto stored = store_events(*store, {sample_event("e1", "c1"), sample_event("e2", "c1")});
    REQUIRE(commit(*store, {.handled_events = {stored[0].number}}).has_value());
    const auto waiting = unhandled(*store);
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].event.id == "e2");
    auto again = commit(*store, {.handled_events = {stored[0].number}});
    REQUIRE_FALSE(again.has_value());
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(store_events(*store, {sample_event("e1", "c1")}).at(0).outcome == Accepted::duplicate);
    CHECK(unhandled(*store).size() == 1);
  }
  SUBCASE("a limit is kept to, oldest first") {
    store_events(*store, {sample_event("e1", "c1"), sample_event("e2", "c1")});
    const auto one = value_of(store->run(calls.unhandled_events(1)));
    REQUIRE(one.size() == 1);
    CHECK(one[0].event.id == "e1");
  }
  SUBCASE("the context for answering is in the event and not in its raw body") {
    auto slashes = sample_incoming_call("i2");
    slashes.raw = R"({"incomingCallContext":"eyJhbGciOi\/secret+of=i2","from":1})";
    auto hidden = sample_incoming_call("i3");
    hidden.raw = R"({"incomingCallContext":"\u0065yJhbGciOi/secret+of=i3"})";
    store_events(*store, {sample_incoming_call("i1"), slashes, hidden});
    const auto waiting = unhandled(*store);
    REQUIRE(waiting.size() == 3);
    CHECK(std::get<IncomingCall>(waiting[0].event.body).incoming_call_context.reveal() ==
          "eyJhbGciOi/secret+of=i1");
    CHECK(waiting[0].event.raw == R"({"incomingCallContext":"***","from":1})");
    CHECK(waiting[1].event.raw == R"({"incomingCallContext":"***","from":1})");
    CHECK(waiting[2].event.raw.empty());
  }
}

void call_store_bears_absurd_text(const StoreFactory& make) {
  const auto store = make();
  auto& calls = store->calls();
  const std::string bad = std::string("a\0b", 3) + "\xff\xc3(\xed\xa0\x80";
  const std::string huge(1'000'000, 'x');
  REQUIRE(commit(*store, {.calls = {sample_call("c1")}}).has_value());

  SUBCASE("free text with bytes that are no text is mended") {
    auto call = value_of(store->run(calls.load_call({"c1"})));
    call.end_reason = bad;
    auto turn = sample_turn("c1", "i1");
    turn.text = bad;
    turn.words = {{.text = bad}};
    auto verdict = sample_verdict("c1", 1);
    verdict.findings.at(0).detail = bad;
    REQUIRE(commit(*store, {.calls = {call},
                            .personal = {{{"c1"}, bad, huge, "'; DROP TABLE calls; --"}},
                            .turns = {turn},
                            .verdicts = {verdict},
                            .journal = {{{"c1"}, 0, at_second(0), bad, bad}}})
                .has_value());
    const std::string mended =
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd";
    CHECK(value_of(store->run(calls.load_call({"c1"}))).end_reason == mended);
    const auto judged = value_of(store->run(calls.verdict_of({"c1"}, 1)));
    REQUIRE(judged.has_value());
    CHECK(judged->findings.at(0).detail == mended);
    const auto personal = value_of(store->run(calls.load_personal({"c1"})));
    CHECK(personal.caller == mended);
    CHECK(personal.called == huge);
    CHECK(personal.caller_name == "'; DROP TABLE calls; --");
    const auto turns = value_of(store->run(calls.turns_of({"c1"})));
    CHECK(turns.at(0).text == mended);
    CHECK(turns.at(0).words.at(0).text == bad);
    CHECK(value_of(store->run(calls.journal_of({"c1"}))).at(0).detail == mended);
  }
  SUBCASE("an id that cannot be stored makes the commit invalid and finds nothing") {
    for (const auto& id : {bad, huge, std::string()}) {
      auto committed = commit(*store, {.recordings = {sample_recording(id, "c1")}});
      REQUIRE_FALSE(committed.has_value());
      CHECK(committed.error().kind == ErrorKind::invalid);
    }
    for (const auto& id : {bad, huge}) {
      CHECK_FALSE(store->run(calls.load_call({id})).has_value());
      CHECK_FALSE(store->run(calls.load_recording({id})).has_value());
      CHECK_FALSE(value_of(store->run(calls.find_call_by_correlation({id}))).has_value());
      CHECK(value_of(store->run(calls.turns_of({id}))).empty());
      CHECK(value_of(store->run(calls.chunks_of({id}))).empty());
    }
  }
  SUBCASE("ids as long as they may be fit every key") {
    // Different characters, so that no database can make them shorter by compressing.
    std::string id;
    for (int i = 0; id.size() < 1024; ++i) id += std::to_string(i * 7919);
    id.resize(1024);
    auto call = sample_call(std::string(64, 'k'));
    call.ring_key = id;
    call.correlation_id = {id};
    auto turn = sample_turn(call.id.text, id);
    turn.session_id = id;
    REQUIRE(commit(*store, {.calls = {call},
                            .recordings = {sample_recording(id, call.id.text)},
                            .chunks = {sample_chunk(id, 1)},
                            .turns = {turn},
                            .jobs = {{.kind = "k", .due = at_second(0), .unique_key = id + id}}})
                .has_value());
    CHECK(value_of(store->run(calls.find_call_by_recording({id}))).has_value());
    CHECK(value_of(store->run(calls.turns_of(call.id))).size() == 1);
  }
  SUBCASE("an event is stored whatever its ids are, and comes back the same") {
    auto strange = sample_event(bad, bad);
    strange.type = bad;
    strange.raw = bad;
    auto long_one = sample_event(huge, huge);
    auto long_two = sample_event(huge + "y", huge);
    long_one.body = MediaStreamingStarted{huge};
    const auto stored = store_events(*store, {strange, long_one, long_two, strange});
    CHECK(stored[0].outcome == Accepted::stored);
    CHECK(stored[1].outcome == Accepted::stored);
    CHECK(stored[2].outcome == Accepted::stored);
    CHECK(stored[3].outcome == Accepted::duplicate);
    const auto waiting = unhandled(*store);
    REQUIRE(waiting.size() == 3);
    CHECK(describe(waiting[0].event) == describe(strange));
    CHECK(describe(waiting[1].event) == describe(long_one));
  }
}

}  // namespace earshot::contract
