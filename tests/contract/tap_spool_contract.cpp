#include "tests/contract/tap_spool_contract.hpp"

#include <doctest/doctest.h>
#include <string>

namespace earshot::contract {
namespace {

const ContextId call{"5f1e0c00-1111-4222-8333-444455556666"};
const ContextId other_call{"5f1e0c00-1111-4222-8333-444455557777"};

std::string read(TapSpoolUnderTest& test, std::uint32_t run, SpoolKind kind,
                 std::uint64_t offset = 0, std::uint64_t length = 1'000'000) {
  auto bytes = test.run(test.spool().read(call, run, kind, offset, length));
  REQUIRE(bytes.has_value());
  return std::string(as_text(*bytes));
}

std::vector<SpooledRun> runs_of(TapSpoolUnderTest& test, const ContextId& id) {
  auto runs = test.run(test.spool().runs(id));
  REQUIRE(runs.has_value());
  return *runs;
}

}  // namespace

void tap_spool_keeps_runs(const TapSpoolFactory& make) {
  const auto test = make();
  auto& spool = test->spool();

  SUBCASE("what was appended is read back, tap and ledger apart, from any offset") {
    auto run = spool.start_run(call);
    CHECK(run->append(SpoolKind::tap, as_bytes("first ")));
    CHECK(run->append(SpoolKind::ledger, as_bytes("level")));
    CHECK(run->append(SpoolKind::tap, as_bytes("second")));
    test->flush();
    CHECK(read(*test, 0, SpoolKind::tap) == "first second");
    CHECK(read(*test, 0, SpoolKind::ledger) == "level");
    CHECK(read(*test, 0, SpoolKind::tap, 6, 3) == "sec");
    CHECK(read(*test, 0, SpoolKind::tap, 10, 30) == "nd");
    CHECK(read(*test, 0, SpoolKind::tap, 12, 30).empty());
    CHECK(read(*test, 0, SpoolKind::tap, 1'000'000'000'000, 30).empty());
    const auto runs = runs_of(*test, call);
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].tap_bytes == 12);
    CHECK(runs[0].ledger_bytes == 5);
    CHECK_FALSE(runs[0].finished);
    CHECK(runs[0].open);
  }
  SUBCASE("a run is finished by finish, or with its handle, and takes nothing after") {
    auto first = spool.start_run(call);
    CHECK(first->append(SpoolKind::tap, as_bytes("all")));
    first->finish();
    CHECK_FALSE(first->append(SpoolKind::tap, as_bytes("more")));
    spool.start_run(call).reset();
    test->flush();
    const auto runs = runs_of(*test, call);
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].finished);
    CHECK(runs[1].finished);
    CHECK_FALSE(runs[0].open);
    CHECK(read(*test, 0, SpoolKind::tap) == "all");
  }
  SUBCASE("runs of one call are numbered from 0, and other calls have their own") {
    auto first = spool.start_run(call);
    auto second = spool.start_run(call);
    auto other = spool.start_run(other_call);
    CHECK(runs_of(*test, call).size() == 2);
    CHECK(runs_of(*test, call)[1].run == 1);
    CHECK(runs_of(*test, other_call).at(0).run == 0);
    auto all = test->run(spool.all_runs());
    REQUIRE(all.has_value());
    CHECK(all->size() == 3);
  }
  SUBCASE("an open run is not removed, a finished one is, and its number does not come again") {
    auto run = spool.start_run(call);
    auto refused = test->run(spool.remove(call, 0));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().kind == ErrorKind::conflict);
    run->finish();
    test->flush();
    REQUIRE(test->run(spool.remove(call, 0)).has_value());
    CHECK(runs_of(*test, call).empty());
    auto gone = test->run(spool.read(call, 0, SpoolKind::tap, 0, 1));
    REQUIRE_FALSE(gone.has_value());
    CHECK(gone.error().kind == ErrorKind::not_found);
    CHECK(test->run(spool.remove(call, 0)).has_value());
    auto next = spool.start_run(call);
    CHECK(runs_of(*test, call).at(0).run == 1);
  }
  SUBCASE("an id that is no UUID names no run and refuses every append") {
    for (const auto* id :
         {"", "..", "../../etc/passwd", "/etc", "5f1e0c00-1111-4222-8333-44445555666/",
          "5f1e0c00/1111-4222-8333-444455556666"}) {
      auto run = spool.start_run({id});
      CHECK_FALSE(run->append(SpoolKind::tap, as_bytes("x")));
      CHECK(runs_of(*test, {id}).empty());
      CHECK_FALSE(test->run(spool.read({id}, 0, SpoolKind::tap, 0, 1)).has_value());
    }
    test->flush();
    CHECK(test->run(spool.all_runs())->empty());
  }
  SUBCASE("a piece beyond the bound is refused whole, and what was taken before is kept") {
    auto run = spool.start_run(call);
    CHECK(run->append(SpoolKind::tap, as_bytes("kept")));
    CHECK_FALSE(run->append(SpoolKind::tap, Bytes(test->too_many_bytes())));
    CHECK(run->append(SpoolKind::tap, as_bytes(" too")));
    test->flush();
    CHECK(read(*test, 0, SpoolKind::tap) == "kept too");
  }
}

}  // namespace earshot::contract
