#include "store/event_spool.hpp"

#include "base/random.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/detail/spool_record.hpp"
#include "tests/contract/sample_rows.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

namespace earshot::store {
namespace {

using contract::at_second;
using contract::describe;
using contract::sample_event;
using contract::sample_incoming_call;

struct Fixture {
  contract::TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "spool" / "events";
  net::TestRuntime runtime;
  InlineOffload offload;
  MemoryLog log;
  Counters counters;
  std::unique_ptr<EventSpool> spool;
  std::uint64_t bytes_max = 1'000'000;

  Fixture() { open(); }
  void open() {
    spool.reset();
    auto made = make_event_spool({.file = file, .bytes_max = bytes_max}, offload, log, counters);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().message));
    spool = std::move(*made);
  }
  Result<void> append(std::vector<InboundEvent> events, int second = 0) {
    return runtime.run_for(spool->append(std::move(events), at_second(second)));
  }
  std::vector<SpooledEvents> read() {
    auto all = runtime.run_for(spool->read_all());
    REQUIRE(all.has_value());
    return std::move(*all);
  }
  void truncate(std::size_t appends) {
    REQUIRE(runtime.run_for(spool->truncate(appends)).has_value());
  }
  std::string bytes() const {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void write_bytes(const std::string& bytes) {
    spool.reset();
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    open();
  }
};

}  // namespace

TEST_CASE("events come back from the spool as they went in, also for the next process") {
  Fixture f;
  auto strange = sample_event(std::string("a\0b\xff", 4), "c1");
  strange.raw = std::string("EARSPOOL\n\0\\", 11);
  REQUIRE(f.append({sample_incoming_call("i1"), strange}, 5).has_value());
  REQUIRE(f.append({sample_event("e2", "c1")}, 6).has_value());
  for (int process = 0; process < 2; ++process) {
    const auto all = f.read();
    REQUIRE(all.size() == 2);
    REQUIRE(all[0].events.size() == 2);
    CHECK(all[0].received_at == at_second(5));
    CHECK(describe(all[0].events[0]) == describe(sample_incoming_call("i1")));
    CHECK(describe(all[0].events[1]) == describe(strange));
    CHECK(all[0].events[1].raw == strange.raw);
    CHECK(all[1].received_at == at_second(6));
    f.open();
  }
}

TEST_CASE("what was taken does not come again, and what was appended meanwhile stays") {
  Fixture f;
  REQUIRE(f.append({sample_incoming_call("i1")}).has_value());
  REQUIRE(f.append({sample_event("e2", "c1")}).has_value());
  f.truncate(1);
  CHECK(f.bytes().find("secret") == std::string::npos);
  f.open();
  REQUIRE(f.append({sample_event("e3", "c1")}).has_value());
  const auto all = f.read();
  REQUIRE(all.size() == 2);
  CHECK(all[0].events[0].id == "e2");
  CHECK(all[1].events[0].id == "e3");
  f.truncate(99);
  CHECK(f.read().empty());
  CHECK(f.bytes().empty());
}

TEST_CASE("a record torn at any byte is left out, and those before it stay") {
  Fixture f;
  REQUIRE(f.append({sample_event("e1", "c1")}).has_value());
  const auto first = f.bytes().size();
  REQUIRE(f.append({sample_event("e2", "c1")}).has_value());
  const auto whole = f.bytes();
  for (auto length = first; length < whole.size(); length += 7) {
    f.write_bytes(whole.substr(0, length));
    REQUIRE(f.read().size() == 1);
    CHECK(f.bytes().size() == first);
    REQUIRE(f.append({sample_event("e3", "c1")}).has_value());
    f.open();
    REQUIRE(f.read().size() == 2);
    CHECK(f.read()[1].events[0].id == "e3");
  }
}

TEST_CASE("a damaged record in the middle costs itself alone, and is told") {
  Fixture f;
  for (const auto* id : {"e1", "e2", "e3"}) REQUIRE(f.append({sample_event(id, "c1")}).has_value());
  auto bytes = f.bytes();
  const auto second = bytes.size() / 3;
  SUBCASE("in its payload") { bytes[second + 60] ^= 1; }
  SUBCASE("in its length") { bytes[second + 11] = '\x7f'; }
  SUBCASE("in its beginning") { bytes[second] = 'x'; }
  f.write_bytes(bytes);
  const auto all = f.read();
  REQUIRE(all.size() == 2);
  CHECK(all[0].events[0].id == "e1");
  CHECK(all[1].events[0].id == "e3");
  CHECK(f.log.contains("damaged records"));
}

TEST_CASE("a file full of anything is an empty spool") {
  Fixture f;
  SeededRandom random(11);
  std::string noise;
  for (int i = 0; i < 5000; ++i) noise += static_cast<char>(random.next_below(256));
  for (const auto& bytes : {std::string("EARSPOOL"), noise, std::string(3000, '\0'),
                            std::string("EARSPOOLEARSPOOLEARSPOOLEARSPOOL")}) {
    f.write_bytes(bytes);
    CHECK(f.read().empty());
    REQUIRE(f.append({sample_event("e1", "c1")}).has_value());
    CHECK(f.read().size() == 1);
  }
}

TEST_CASE("a full spool refuses, takes nothing of it, and takes again when it was emptied") {
  Fixture f;
  f.bytes_max = 1000;
  f.open();
  int taken = 0;
  while (f.append({sample_event("e" + std::to_string(taken), "c1")})) ++taken;
  CHECK(taken > 0);
  auto refused = f.append({sample_event("one more", "c1")});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::unavailable);
  CHECK(f.read().size() == static_cast<std::size_t>(taken));
  f.truncate(static_cast<std::size_t>(taken));
  CHECK(f.append({sample_event("again", "c1")}).has_value());
}

TEST_CASE("the spool's file is for its user alone") {
  Fixture f;
  struct stat info{};
  REQUIRE(::stat(f.file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

}  // namespace earshot::store
