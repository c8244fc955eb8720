#include "base/counters.hpp"

#include <doctest/doctest.h>

using namespace earshot;

TEST_CASE("the same name and labels give the same metric") {
  Counters counters;
  counters.counter("earshot_frames_total", "Frames", {{"side", "caller"}}).add();
  counters.counter("earshot_frames_total", "Frames", {{"side", "caller"}}).add(2);
  counters.counter("earshot_frames_total", "Frames", {{"side", "assistant"}}).add(5);

  CHECK(counters.counter("earshot_frames_total", "Frames", {{"side", "caller"}}).value() == 3);
  CHECK(counters.counter("earshot_frames_total", "Frames", {{"side", "assistant"}}).value() == 5);
}

TEST_CASE("metrics are rendered in Prometheus text") {
  Counters counters;
  counters.counter("earshot_calls_total", "Calls answered").add(2);
  counters.gauge("earshot_calls_open", "Calls in progress").set(1);
  counters.gauge("earshot_calls_open", "Calls in progress").add(-1);
  counters.histogram("earshot_answer_seconds", "Ring to answer", {0.1, 1}).observe(0.5);

  const std::string text = counters.render();
  for (const char* line :
       {"# HELP earshot_calls_total Calls answered\n", "# TYPE earshot_calls_total counter\n",
        "earshot_calls_total 2\n", "earshot_calls_open 0\n",
        "earshot_answer_seconds_bucket{le=\"0.1\"} 0\n",
        "earshot_answer_seconds_bucket{le=\"1\"} 1\n", "earshot_answer_seconds_count 1\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("a label value cannot begin a metric of its own") {
  Counters counters;
  counters.counter("earshot_x_total", "X", {{"name", "a\"} 1\nforged_total 9"}}).add();
  CHECK(counters.render().find("\nforged_total") == std::string::npos);
}
