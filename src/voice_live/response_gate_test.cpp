#include "voice_live/response_gate.hpp"

#include <doctest/doctest.h>

namespace earshot::voice_live {

namespace {

using Taken = ResponseGate::Taken;
using Fault = ResponseGate::Fault;
constexpr SteadyTime start{1h};

}  // namespace

TEST_CASE("a response waits for the one before it") {
  ResponseGate gate(4);

  CHECK(gate.want({"a", "A"}, start) == Taken::send_now);
  CHECK(gate.want({"b", "B"}, start) == Taken::queued);
  gate.started("r1");
  CHECK(gate.is_active("r1"));
  CHECK(gate.want({"c", "C"}, start) == Taken::queued);
  CHECK(gate.finished(start)->message == "B");
  gate.started("r2");
  CHECK(gate.finished(start)->message == "C");
  gate.started("r3");
  CHECK_FALSE(gate.finished(start).has_value());
  CHECK(gate.want({"d", "D"}, start) == Taken::send_now);
}

TEST_CASE("a response that turn detection began is waited for too") {
  ResponseGate gate(4);
  gate.started("vad");

  CHECK(gate.want({"a", "A"}, start) == Taken::queued);
  CHECK(gate.finished(start)->message == "A");
}

TEST_CASE("a request that came too early is sent again after the response in its way") {
  ResponseGate gate(4);
  CHECK(gate.want({"a", "A"}, start) == Taken::send_now);
  gate.started("vad");

  CHECK(gate.failed("a", "conversation_already_has_active_response") == Fault::waits);
  CHECK(gate.finished(start)->message == "A");
}

TEST_CASE("a request that was refused for good lets the next one go") {
  ResponseGate gate(4);
  CHECK(gate.want({"a", "A"}, start) == Taken::send_now);
  CHECK(gate.want({"b", "B"}, start) == Taken::queued);

  CHECK(gate.failed("z", "invalid_value") == Fault::not_ours);
  CHECK(gate.failed("", "invalid_value") == Fault::not_ours);
  CHECK(gate.failed("a", "invalid_value") == Fault::lost);
  CHECK(gate.next(start)->message == "B");
}

TEST_CASE("a request that is never answered blocks the others for a while only") {
  ResponseGate gate(4);
  CHECK(gate.want({"a", "A"}, start) == Taken::send_now);

  CHECK(gate.want({"b", "B"}, start + 14s) == Taken::queued);
  CHECK(gate.next(start + 16s)->message == "B");
}

TEST_CASE("no more than so many requests wait") {
  ResponseGate gate(1);
  CHECK(gate.want({"a", "A"}, start) == Taken::send_now);
  CHECK(gate.want({"b", "B"}, start) == Taken::queued);
  CHECK(gate.want({"c", "C"}, start) == Taken::full);
}

}  // namespace earshot::voice_live
