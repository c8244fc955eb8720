#include "base/log.hpp"

#include "base/counters.hpp"
#include "base/detail/log_line.hpp"
#include "base/random.hpp"
#include "base/time.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

using namespace earshot;

namespace {

// A file that is gone when the test ends.
class TemporaryFile {
 public:
  TemporaryFile() {
    SystemRandom random;
    path_ = std::filesystem::temp_directory_path() / ("earshot-log-" + make_uuid(random));
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

  std::vector<std::string> lines() const {
    std::ifstream in(path_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("a line has its message first and then its fields") {
  MemoryLog log;
  log.info("recording stopped",
           {{"recording", "rec_1"}, {"reason", "hung up"}, {"chunks", 2}, {"lost", false}});

  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines()[0] ==
        "info recording stopped recording=rec_1 reason=\"hung up\" chunks=2 lost=false");
  CHECK(log.contains("recording=rec_1"));
  CHECK_FALSE(log.contains("rec_2"));
}

TEST_CASE("a secret is printed as stars") {
  MemoryLog log;
  log.warn("key refused", {{"key", Secret("hunter2")}});
  CHECK(log.contains("key=***"));
  CHECK_FALSE(log.contains("hunter2"));
}

TEST_CASE("a hostile value cannot begin a line of its own") {
  const std::string hostile = "x\n2026-01-01T00:00:00.000000Z error database lost\r\n\t\x1b[31m";
  const std::string text = detail::text_line("call refused", {{"caller", hostile}});
  const std::string json = detail::json_members("call refused", {{"caller", hostile}});

  for (const std::string& line : {text, json}) {
    for (const char c : line) CHECK(static_cast<unsigned char>(c) >= 0x20);
    CHECK(line.find("\\u000a") != std::string::npos);
    CHECK(line.find("\\u001b") != std::string::npos);
  }
}

TEST_CASE("a hostile value cannot pretend to be another field") {
  CHECK(detail::text_line("m", {{"name", "a verdict=complete"}}) ==
        R"(m name="a verdict=complete")");
  CHECK(detail::text_line("m", {{"name", R"(a" verdict="complete)"}}) ==
        R"(m name="a\" verdict=\"complete")");
  CHECK(detail::text_line("m", {{"name", ""}}) == R"(m name="")");
  CHECK(detail::json_members("m", {{"name", R"(a","level":"error)"}}) ==
        R"("message":"m","name":"a\",\"level\":\"error")");
}

TEST_CASE("text in other scripts passes and marks that turn it round do not") {
  CHECK(detail::text_line("m", {{"name", "Zoë Åse 李"}}) == "m name=\"Zoë Åse 李\"");
  CHECK(detail::text_line("m", {{"name", "a\u202Eb"}}) == "m name=a\\u202eb");
  CHECK(detail::text_line("m", {{"name", "a\u009Bb"}}) == "m name=a\\u009bb");
}

TEST_CASE("bytes that are not UTF-8 are replaced") {
  for (const char* torn :
       {"\xFF", "\xC3", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
    const std::string line = detail::json_members("m", {{"v", torn}});
    CAPTURE(line);
    CHECK(line.find("\\ufffd") != std::string::npos);
    for (const char c : line) CHECK(static_cast<unsigned char>(c) < 0x80);
  }
}

TEST_CASE("a value beyond the bound is cut and says so") {
  const std::string line = detail::text_line("m", {{"v", std::string(5000, 'a')}});
  CHECK(line.size() < detail::log_value_bytes_max + 64);
  CHECK(line.find("...(2952 bytes more)") != std::string::npos);
}

TEST_CASE("the process log writes every queued line before it ends") {
  TemporaryFile file;
  {
    const auto log = make_process_log({.file = file.path()});
    for (int i = 0; i < 100; ++i) log->info("counted", {{"n", i}});
    log->debug("below the level");
  }
  const auto lines = file.lines();

  REQUIRE(lines.size() == 100);
  CHECK(lines[99].ends_with(" info counted n=99"));
  CHECK(parse_iso8601(lines[0].substr(0, 27)).has_value());
}

TEST_CASE("the process log writes one JSON object a line when asked") {
  TemporaryFile file;
  {
    const auto log =
        make_process_log({.level = LogLevel::debug, .json = true, .file = file.path()});
    log->debug("call answered", {{"call", "c1"}});
    log->error("disk full");
  }
  const auto lines = file.lines();

  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with(R"({"time":"20)"));
  CHECK(lines[0].ends_with(R"("level":"debug","message":"call answered","call":"c1"})"));
  CHECK(lines[1].ends_with(R"("level":"error","message":"disk full"})"));
}

TEST_CASE("a log that is overrun never blocks and accounts for every line") {
  TemporaryFile file;
  Counters counters;
  constexpr int written = 20'000;
  {
    const auto log =
        make_process_log({.file = file.path(), .lines_queued_max = 16, .counters = &counters});
    std::jthread other([&] {
      for (int i = 0; i < written / 2; ++i) log->info("counted");
    });
    for (int i = 0; i < written / 2; ++i) log->info("counted");
  }
  int kept = 0;
  for (const std::string& line : file.lines())
    if (line.ends_with(" info counted")) ++kept;
  auto& dropped = counters.counter("earshot_log_lines_dropped_total", "");

  // The counter is brought up to date by the lines that are written, so the last of them closes the
  // account.
  CHECK(kept + static_cast<int>(dropped.value()) == written);
}

TEST_CASE("errors are counted, and lines of lower levels are not") {
  TemporaryFile file;
  Counters counters;
  const auto log = make_process_log({.file = file.path(), .counters = &counters});

  log->warn("recording refused");
  log->error("task failed");
  log->error("disk full");

  CHECK(counters.counter("earshot_log_errors_total", "").value() == 2);
}

TEST_CASE("a log file that cannot be opened stops the start") {
  CHECK_THROWS_AS(make_process_log({.file = "/nowhere/at/all.log"}), std::runtime_error);
}
