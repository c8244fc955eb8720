// Media sockets and the calls that they belong to.
#include "calls/call_director.hpp"
#include "calls/testing/call_desk.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::calls;
using namespace earshot::calls::testing;

TEST_CASE("a lost CallDisconnected is found when the media socket ends") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.acs.call_alive = false;
  desk.bridge().lose_socket();
  desk.advance(5s);

  CHECK(desk.call().phase == CallPhase::ended);
  CHECK(desk.discoveries() == std::vector<std::string>{"R1"});
}

TEST_CASE("a lost media socket is asked for after two seconds and goes to the same bridge") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.bridge().lose_socket();
  desk.advance(1900ms);
  CHECK(desk.acs.count("start_media") == 0);
  desk.advance(200ms);
  CHECK(desk.acs.count("start_media") == 1);
  desk.socket_opens();

  CHECK(desk.bridges.size() == 1);
  CHECK(desk.bridge().sockets == 2);
  desk.advance(1min);
  CHECK(desk.acs.count("start_media") == 1);
}

TEST_CASE("of two sockets the bridge gets both and keeps the newer") {
  CallDesk desk;
  desk.start();
  desk.talk();

  desk.socket_opens();

  CHECK(desk.bridges.size() == 1);
  CHECK(desk.bridge().sockets == 2);
  CHECK(desk.sockets_ended == 1);
}

TEST_CASE("a socket that overtakes CallConnected waits for it") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());

  desk.socket_opens();
  CHECK(desk.bridges.empty());
  desk.accept(desk.connected());

  REQUIRE(desk.bridges.size() == 1);
  CHECK(desk.bridge().sockets == 1);
}

TEST_CASE("a socket for a call that is over is closed") {
  CallDesk desk;
  desk.start();
  desk.talk();
  desk.accept(desk.disconnected());
  desk.advance(1min);

  desk.socket_opens();

  CHECK(desk.sockets_aborted == 1);
  CHECK(desk.sockets_ended == 2);
}

TEST_CASE("a media socket that never opens is asked for five seconds after CallConnected") {
  CallDesk desk;
  desk.start();
  desk.accept(desk.ring());
  desk.accept(desk.connected());

  desk.advance(4900ms);
  CHECK(desk.acs.count("start_media") == 0);
  desk.advance(200ms);

  CHECK(desk.acs.count("start_media") == 1);
}
