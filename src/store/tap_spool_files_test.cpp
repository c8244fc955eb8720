#include "store/tap_spool_files.hpp"

#include "base/random.hpp"
#include "net/runtime.hpp"
#include "net/testing/test_runtime.hpp"
#include "store/detail/block_queue.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <algorithm>
#include <atomic>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <mutex>
#include <signal.h>
#include <sys/resource.h>
#include <thread>

namespace earshot::store {
namespace {

const ContextId call{"5f1e0c00-1111-4222-8333-444455556666"};

// Alerts come from the spool's thread.
class KeptAlerts : public AlertSink {
 public:
  void raise(const Alert& alert) override {
    std::lock_guard lock(mutex_);
    kinds_.push_back(alert.kind);
  }
  std::vector<std::string> kinds() {
    std::lock_guard lock(mutex_);
    return kinds_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> kinds_;
};

struct Fixture {
  contract::TemporaryDirectory directory;
  net::TestRuntime runtime;
  InlineOffload offload;
  MemoryLog log;
  Counters counters;
  KeptAlerts alerts;
  TapSpoolOptions options{.directory = directory.path() / "tap"};
  std::unique_ptr<TapSpool> spool;

  Fixture() { open(); }
  void open() {
    spool.reset();
    auto made = make_tap_spool_files(options, offload, runtime.clock(), log, counters, &alerts);
    REQUIRE(made.has_value());
    spool = std::move(*made);
  }
  void flush() { runtime.run(spool->flush()); }
  std::vector<SpooledRun> all_runs() { return *runtime.run_for(spool->all_runs()); }
  std::string read(std::uint32_t run) {
    auto bytes = runtime.run_for(spool->read(call, run, SpoolKind::tap, 0, 100'000'000));
    REQUIRE(bytes.has_value());
    return std::string(as_text(*bytes));
  }
  double refused() {
    return counters
        .counter("earshot_tap_refused_bytes_total",
                 "tap and ledger bytes not taken: the spool had used up its share of the disk")
        .value();
  }
  double used() {
    return counters.gauge("earshot_tap_spool_bytes", "bytes of tap and ledger on local disk")
        .value();
  }
  // Appends pieces of 1000 bytes; says how many were taken.
  int append(TapRun& run, SpoolKind kind, int pieces) {
    int taken = 0;
    for (int i = 0; i < pieces; ++i) taken += run.append(kind, Bytes(1000)) ? 1 : 0;
    return taken;
  }
  double dropped() {
    return counters
        .counter("earshot_tap_dropped_bytes_total",
                 "tap and ledger bytes dropped: the disk was too slow or full")
        .value();
  }
};

// Free space of a disk that only the test changes.
struct SmallDisk {
  std::shared_ptr<std::atomic<std::uint64_t>> free = std::make_shared<std::atomic<std::uint64_t>>();
  explicit SmallDisk(std::uint64_t bytes) { *free = bytes; }
  std::optional<std::uint64_t> operator()(const std::filesystem::path&) const { return *free; }
};

// Files of this process may not grow beyond so many bytes: a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &limit_) == 0);
    auto small = limit_;
    small.rlim_cur = bytes;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }

 private:
  struct rlimit limit_{};
  void (*before_)(int) = nullptr;
};

}  // namespace

TEST_CASE("bytes go through a block queue in order, whatever the sizes of the pieces") {
  constexpr std::size_t total = 3'000'000;
  BlockQueue queue;
  std::jthread producer([&] {
    SeededRandom random(4);
    std::size_t at = 0;
    while (at < total) {
      Bytes piece(std::min<std::size_t>(random.next_below(40'000), total - at));
      for (auto& byte : piece) byte = static_cast<std::uint8_t>(at++ * 7 % 251);
      queue.push(piece);
    }
  });
  SeededRandom reader(5);
  std::size_t at = 0;
  std::size_t taken = 0;
  bool same = true;
  while (at < total) {
    std::array<ByteView, 3> room;
    const auto pieces = std::span(room).first(queue.peek(room));
    std::size_t waiting = 0;
    for (const auto bytes : pieces) {
      waiting += bytes.size();
      for (std::size_t i = 0; i < bytes.size(); ++i)
        same = same && bytes[i] == static_cast<std::uint8_t>((taken + i) * 7 % 251);
      taken += bytes.size();
    }
    // A disk takes part of it at times.
    const auto part = std::min<std::size_t>(waiting, reader.next_below(50'000));
    queue.consume(part);
    at += part;
    taken = at;
  }
  CHECK(same);
  std::array<ByteView, 1> none;
  CHECK(queue.peek(none) == 0);
}

TEST_CASE("many calls on several threads lose nothing and mix nothing") {
  Fixture f;
  constexpr int threads = 4;
  constexpr int calls_a_thread = 20;
  constexpr int pieces = 50;
  const auto id = [](int thread, int number) {
    return ContextId{fmt::format("5f1e0c00-1111-4222-8333-{:06}{:06}", thread, number)};
  };
  const auto letter = [](int thread, int number) {
    return static_cast<std::uint8_t>('A' + (thread * calls_a_thread + number) % 26);
  };
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> producers;
    producers.reserve(threads);
    for (int thread = 0; thread < threads; ++thread)
      producers.emplace_back([&, thread] {
        std::vector<std::unique_ptr<TapRun>> runs;
        runs.reserve(calls_a_thread);
        for (int i = 0; i < calls_a_thread; ++i) runs.push_back(f.spool->start_run(id(thread, i)));
        for (int piece = 0; piece < pieces; ++piece)
          for (int i = 0; i < calls_a_thread; ++i)
            if (!runs[static_cast<std::size_t>(i)]->append(SpoolKind::tap,
                                                           Bytes(960, letter(thread, i))))
              ++refused;
      });
  }
  f.flush();
  CHECK(refused == 0);
  CHECK(f.dropped() == 0);
  for (int thread = 0; thread < threads; ++thread)
    for (int i = 0; i < calls_a_thread; ++i) {
      auto bytes = f.runtime.run_for(f.spool->read(id(thread, i), 0, SpoolKind::tap, 0, 1'000'000));
      REQUIRE(bytes.has_value());
      REQUIRE(bytes->size() == 960 * pieces);
      CHECK(std::ranges::all_of(*bytes, [&](auto byte) { return byte == letter(thread, i); }));
    }
}

TEST_CASE(
    "runs that a crash left behind are there, unfinished, and the next run has the next number") {
  Fixture f;
  {
    auto run = f.spool->start_run(call);
    run->append(SpoolKind::tap, as_bytes("finished"));
    run->finish();
    f.flush();
  }
  auto open_run = f.spool->start_run(call);
  open_run->append(SpoolKind::tap, as_bytes("open"));
  f.flush();
  // What a process that dies here leaves is what is on disk now.
  const auto crashed = f.directory.path() / "crashed";
  std::filesystem::copy(f.options.directory, crashed, std::filesystem::copy_options::recursive);
  std::ofstream(crashed / "not ours") << "x";
  std::filesystem::create_directory(crashed / "not-a-uuid");
  std::ofstream(crashed / call.text / "7.strange") << "x";
  f.options.directory = crashed;
  f.open();
  const auto runs = f.all_runs();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].finished);
  CHECK_FALSE(runs[1].finished);
  CHECK(runs[1].tap_bytes == 4);
  CHECK(f.read(1) == "open");
  auto next = f.spool->start_run(call);
  CHECK(f.all_runs().back().run == 2);
  CHECK_FALSE(open_run->append(SpoolKind::tap, as_bytes("its spool is gone")));
  REQUIRE(f.runtime.run_for(f.spool->remove(call, 1)).has_value());
  CHECK_FALSE(std::filesystem::exists(crashed / call.text / "1.tap"));
}

TEST_CASE(
    "a full disk drops whole pieces, says so once a minute, and all goes on when there is room") {
  Fixture f;
  f.options.run_bytes_waiting_max = 4000;
  f.open();
  auto run = f.spool->start_run(call);
  int taken = 0;
  int refused = 0;
  {
    FullDisk full(2500);
    for (int i = 0; i < 20; ++i) {
      (run->append(SpoolKind::tap, Bytes(1000, static_cast<std::uint8_t>('a' + taken)))
           ? taken
           : refused)++;
      f.flush();
    }
    CHECK(f.read(0).size() == 2500);
  }
  CHECK(refused > 0);
  CHECK(taken + refused == 20);
  CHECK(f.dropped() == refused * 1000);
  f.flush();
  CHECK(run->append(SpoolKind::tap, Bytes(1000, static_cast<std::uint8_t>('a' + taken))));
  ++taken;
  f.flush();
  const auto bytes = f.read(0);
  REQUIRE(bytes.size() == static_cast<std::size_t>(taken) * 1000);
  for (int i = 0; i < taken; ++i)
    CHECK(bytes.substr(static_cast<std::size_t>(i) * 1000, 1000) ==
          std::string(1000, static_cast<char>('a' + i)));
  const auto lines = f.log.lines();
  CHECK(std::ranges::count_if(lines, [](const auto& line) {
          return line.find("make room on its disk") != std::string::npos;
        }) == 1);
}

TEST_CASE("what all runs together have waiting is bounded") {
  Fixture f;
  f.options.all_bytes_waiting_max = 100;
  f.open();
  auto one = f.spool->start_run(call);
  CHECK_FALSE(one->append(SpoolKind::tap, Bytes(101)));
  CHECK(f.dropped() == 101);
}

TEST_CASE("at its share of the disk the spool takes no more tap audio, and still every ledger") {
  Fixture f;
  f.options.disk_bytes_max = 10'000;
  f.open();
  auto run = f.spool->start_run(call);
  CHECK(f.append(*run, SpoolKind::tap, 20) == 10);
  f.flush();
  CHECK(f.append(*run, SpoolKind::tap, 5) == 0);
  CHECK(f.append(*run, SpoolKind::ledger, 1) == 1);
  f.flush();
  CHECK(f.refused() == 15'000);
  CHECK(f.dropped() == 0);
  CHECK(f.used() == 11'000);
  CHECK(f.alerts.kinds() == std::vector<std::string>{"tap_spool_full"});

  // The header of a call that begins now is taken, or nothing of its tap could be read later.
  auto next = f.spool->start_run(call);
  CHECK(next->append(SpoolKind::tap, Bytes(64)));
  CHECK_FALSE(next->append(SpoolKind::tap, Bytes(64)));
  CHECK(next->append(SpoolKind::ledger, Bytes(64)));
  next.reset();

  // Even the ledger has an end, an eighth above.
  CHECK(f.append(*run, SpoolKind::ledger, 3) == 0);
  run.reset();
  f.flush();
  REQUIRE(f.runtime.run_for(f.spool->remove(call, 0)).has_value());
  f.flush();
  CHECK(f.used() == 128);
  auto after = f.spool->start_run(call);
  CHECK(f.append(*after, SpoolKind::tap, 9) == 9);
  CHECK(f.alerts.kinds().size() == 1);
  CHECK(f.append(*after, SpoolKind::tap, 9) == 0);
  f.flush();
  CHECK(f.alerts.kinds().size() == 2);
}

TEST_CASE("what an earlier process left on the disk counts as used") {
  Fixture f;
  {
    auto run = f.spool->start_run(call);
    f.append(*run, SpoolKind::tap, 8);
    f.flush();
  }
  f.options.disk_bytes_max = 10'000;
  f.open();
  f.flush();
  CHECK(f.used() == 8'000);
  auto run = f.spool->start_run(call);
  CHECK(f.append(*run, SpoolKind::tap, 5) == 2);
}

TEST_CASE("a disk with little room left takes no tap audio until there is room again") {
  Fixture f;
  SmallDisk disk(900'000);
  f.options.disk_free_min = 1'000'000;
  f.options.free_bytes = disk;
  f.open();
  auto run = f.spool->start_run(call);
  run->append(SpoolKind::tap, Bytes(64));
  f.flush();
  CHECK(f.append(*run, SpoolKind::tap, 3) == 0);
  CHECK(f.append(*run, SpoolKind::ledger, 1) == 1);
  CHECK(f.alerts.kinds() == std::vector<std::string>{"tap_spool_full"});
  // On the edge it does not begin again, or it would say so again and again.
  *disk.free = 1'050'000;
  f.flush();
  CHECK(f.append(*run, SpoolKind::tap, 3) == 0);
  *disk.free = 2'000'000;
  f.flush();
  CHECK(f.append(*run, SpoolKind::tap, 3) == 3);
  *disk.free = 400'000;
  f.flush();
  CHECK(f.append(*run, SpoolKind::ledger, 1) == 0);
  CHECK(f.alerts.kinds().size() == 2);
}

TEST_CASE("without being asked, what was appended is on disk within the second") {
  Fixture f;
  auto run = f.spool->start_run(call);
  run->append(SpoolKind::ledger, as_bytes("x"));
  // Waits for the state, not for a time: the thread writes four times a second.
  for (std::uint64_t written = 0; written == 0;) {
    written = f.all_runs().at(0).ledger_bytes;
    std::this_thread::yield();
  }
  CHECK(f.all_runs().at(0).ledger_bytes == 1);
}

}  // namespace earshot::store
