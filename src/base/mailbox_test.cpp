#include "base/mailbox.hpp"

#include "net/testing/test_runtime.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace earshot;

namespace {

using Heard = std::vector<std::string>;

Task<void> read_until(Mailbox<std::string>& mailbox, SteadyTime deadline, Heard& heard) {
  while (auto item = co_await mailbox.next_until(deadline)) heard.push_back(*item);
  heard.push_back(mailbox.closed() ? "closed" : "late");
}

Task<void> read_all(Mailbox<std::string>& mailbox, Heard& heard) {
  while (auto item = co_await mailbox.next()) heard.push_back(*item);
  heard.push_back("closed");
}

Task<void> push_after(Clock& clock, Duration delay, Mailbox<std::string>& mailbox,
                      std::string item) {
  co_await clock.sleep_for(delay);
  if (!mailbox.try_push(std::move(item))) mailbox.close();
}

void ignore(std::exception_ptr) {}

}  // namespace

TEST_CASE("items come out in the order they went in") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 4);
  Heard heard;
  CHECK(mailbox.try_push("one"));
  CHECK(mailbox.try_push("two"));
  mailbox.close();

  runtime.run(read_all(mailbox, heard));

  CHECK(heard == Heard{"one", "two", "closed"});
}

TEST_CASE("a full mailbox takes nothing and says so") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 2);
  CHECK(mailbox.try_push("one"));
  CHECK(mailbox.try_push("two"));
  CHECK_FALSE(mailbox.try_push("three"));
  CHECK(mailbox.size() == 2);

  CHECK(mailbox.take() == "one");
  CHECK(mailbox.try_push("three"));
}

TEST_CASE("a closed mailbox takes nothing more and gives what it has") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 2);
  CHECK(mailbox.try_push("one"));
  mailbox.close();

  CHECK_FALSE(mailbox.try_push("two"));
  CHECK(mailbox.take() == "one");
  CHECK_FALSE(mailbox.take().has_value());
}

TEST_CASE("a reader that waits gets an item when it comes") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 2);
  Heard heard;
  const SteadyTime start = runtime.clock().steady_now();
  runtime.executor().spawn(push_after(runtime.clock(), 300ms, mailbox, "one"), ignore);

  runtime.run(read_until(mailbox, start + 1s, heard));

  CHECK(heard == Heard{"one", "late"});
  CHECK(runtime.clock().steady_now() == start + 1s);
}

TEST_CASE("a reader stops waiting when the mailbox closes") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 0);
  Heard heard;
  const SteadyTime start = runtime.clock().steady_now();
  runtime.executor().spawn(push_after(runtime.clock(), 200ms, mailbox, "no place"), ignore);

  runtime.run(read_until(mailbox, start + 10s, heard));

  CHECK(heard == Heard{"closed"});
  CHECK(runtime.clock().steady_now() == start + 200ms);
}

TEST_CASE("a deadline that has passed still gives what is there") {
  net::TestRuntime runtime;
  Mailbox<std::string> mailbox(runtime.clock(), 2);
  Heard heard;
  CHECK(mailbox.try_push("one"));

  runtime.run(read_until(mailbox, runtime.clock().steady_now() - 1s, heard));

  CHECK(heard == Heard{"one", "late"});
}
