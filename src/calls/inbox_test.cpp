#include "calls/inbox.hpp"

#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE("an event is refused only when neither database nor spool takes it") {
  CallDesk desk;
  desk.start();
  desk.store.fail_next_commits(1'000'000);
  desk.spool.broken = true;

  auto accepted = desk.runtime.run_for(desk.process->inbox.accept({desk.ring()}));

  REQUIRE_FALSE(accepted.has_value());
  CHECK(accepted.error().kind == ErrorKind::unavailable);
  desk.store.fail_next_commits(0);
}

TEST_CASE("what an earlier process left in the spool is handled by the next") {
  CallDesk desk;
  desk.spool.appends.push_back({{desk.ring()}, desk.runtime.clock().wall_now()});

  desk.start();
  desk.advance(1s);

  CHECK(desk.spool.appends.empty());
  CHECK(desk.acs.count("answer") == 1);
}

TEST_CASE("a spooled event that was stored after all is handled once") {
  CallDesk desk;
  const auto ring = desk.ring();
  desk.spool.appends.push_back({{ring}, desk.runtime.clock().wall_now()});
  desk.spool.appends.push_back({{ring}, desk.runtime.clock().wall_now()});

  desk.start();
  desk.advance(1s);

  CHECK(desk.calls().size() == 1);
  CHECK(desk.acs.count("answer") == 1);
}

TEST_CASE("a batch answers for each of its events in order") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  const auto connected = desk.connected();
  auto strange = desk.connected();
  strange.context_id = {"never-made"};

  const auto outcomes = desk.accept(std::vector{connected, strange, connected});

  CHECK(outcomes == std::vector{Accepted::stored, Accepted::unknown_call, Accepted::duplicate});
}

TEST_CASE("a link opens with its own key only") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  const auto call = desk.call();
  auto& inbox = desk.process->inbox;

  CHECK(desk.runtime.run_for(inbox.check_link(call.id, call.link_key)).has_value());
  CHECK(desk.runtime.run_for(inbox.check_link(call.id, call.link_key + "x")).error().kind ==
        ErrorKind::not_found);
  CHECK(desk.runtime.run_for(inbox.check_link(call.id, "")).error().kind == ErrorKind::not_found);
  CHECK(desk.runtime.run_for(inbox.check_link({"none"}, call.link_key)).error().kind ==
        ErrorKind::not_found);
}

TEST_CASE("a link is known after a restart too") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  const auto call = desk.call();
  desk.accept(desk.disconnected());
  desk.restart();

  auto opened = desk.runtime.run_for(desk.process->inbox.check_link(call.id, call.link_key));

  CHECK(opened.has_value());
}

TEST_CASE("only an open call is found by its correlation id") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());

  auto found = desk.runtime.run_for(desk.process->inbox.find_by_correlation({"corr"}));
  REQUIRE(found.has_value());
  CHECK(*found == desk.call().id);
  desk.accept(desk.disconnected());

  CHECK(desk.runtime.run_for(desk.process->inbox.find_by_correlation({"corr"})).error().kind ==
        ErrorKind::not_found);
  CHECK(desk.runtime.run_for(desk.process->inbox.find_by_correlation({"other"})).error().kind ==
        ErrorKind::not_found);
}

TEST_CASE("a rush of events beyond what is held waits in the database and is handled") {
  CallDesk desk;
  desk.options.events_waiting_max = 4;
  desk.start();
  desk.accept(desk.ring());
  std::vector<InboundEvent> rush;
  rush.reserve(50);
  for (int i = 0; i < 50; ++i) rush.push_back(desk.callback("ParticipantsUpdated", OtherEvent{}));

  desk.accept(rush);
  desk.advance(10s);

  CHECK(desk.store.events_waiting() == 0);
}
