// The contract of the stores, on memory and on SQLite.

#include "base/random.hpp"
#include "store/memory_import_store.hpp"
#include "store/memory_store.hpp"
#include "store/sql_store.hpp"
#include "tests/contract/alert_store_contract.hpp"
#include "tests/contract/call_facts_contract.hpp"
#include "tests/contract/call_lists_contract.hpp"
#include "tests/contract/call_store_contract.hpp"
#include "tests/contract/file_locations_contract.hpp"
#include "tests/contract/folder_claims_contract.hpp"
#include "tests/contract/import_store_contract.hpp"
#include "tests/contract/job_store_contract.hpp"
#include "tests/contract/merge_store_contract.hpp"
#include "tests/contract/retention_store_contract.hpp"
#include "tests/contract/temporary_directory.hpp"
#include "tests/contract/transcript_search_contract.hpp"

#include <doctest/doctest.h>

namespace earshot::contract {
namespace {

class MemoryUnderTest : public StoreUnderTest {
 public:
  CallStore& calls() override { return store_; }
  CallLists& lists() override { return store_; }
  JobStore& jobs() override { return store_; }
  FileLocations& files() override { return store_; }
  FolderClaims& claims() override { return store_; }
  MergeStore& merges() override { return store_; }
  ImportStore& imports() override { return imports_; }
  TranscriptSearch& search() override { return store_; }
  AlertStore& alerts() override { return store_; }
  RetentionStore& retention() override { return store_; }
  DownlinkStore& downlinks() override { return store_; }
  CallFactsSource& facts() override { return store_; }

 private:
  SeededRandom random_{1};
  store::MemoryStore store_{random_};
  store::MemoryImportStore imports_{store_};
};

class SqliteUnderTest : public StoreUnderTest {
 public:
  SqliteUnderTest() {
    auto made = store::make_sql_store(
        {.connection = "sqlite://" + (directory_.path() / "a b=c.db").string()}, offload_, random_,
        log_, counters_);
    REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().message));
    store_ = std::move(*made);
  }
  CallStore& calls() override { return *store_; }
  CallLists& lists() override { return *store_; }
  JobStore& jobs() override { return *store_; }
  FileLocations& files() override { return *store_; }
  FolderClaims& claims() override { return *store_; }
  MergeStore& merges() override { return *store_; }
  ImportStore& imports() override { return *store_; }
  TranscriptSearch& search() override { return *store_; }
  AlertStore& alerts() override { return *store_; }
  RetentionStore& retention() override { return *store_; }
  DownlinkStore& downlinks() override { return *store_; }
  CallFactsSource& facts() override { return *store_; }

 private:
  TemporaryDirectory directory_;
  InlineOffload offload_;
  SeededRandom random_{1};
  NullLog log_;
  Counters counters_;
  std::unique_ptr<store::SqlStore> store_;
};

std::unique_ptr<StoreUnderTest> memory() { return std::make_unique<MemoryUnderTest>(); }
std::unique_ptr<StoreUnderTest> sqlite() { return std::make_unique<SqliteUnderTest>(); }

}  // namespace

TEST_CASE("memory store: calls are kept") { call_store_keeps_calls(memory); }
TEST_CASE("memory store: what belongs to a call is kept") {
  call_store_keeps_what_belongs_to_a_call(memory);
}
TEST_CASE("memory store: a commit is all or nothing") { call_store_is_all_or_nothing(memory); }
TEST_CASE("memory store: an event is kept once") { call_store_keeps_events_once(memory); }
TEST_CASE("memory store: absurd text has an outcome") { call_store_bears_absurd_text(memory); }
TEST_CASE("memory store: locations of files are kept") { file_locations_are_kept(memory); }
TEST_CASE("memory store: who has a file is told") { folder_owners_are_told(memory); }
TEST_CASE("memory store: who may have a folder is told") { folder_claimants_are_told(memory); }
TEST_CASE("memory store: merges are kept") { merges_are_kept(memory); }
TEST_CASE("memory store: imports are kept") { imports_are_kept(memory); }
TEST_CASE("memory store: calls are listed in short") { call_facts_are_listed(memory); }
TEST_CASE("memory store: a page has what belongs to each row") {
  pages_have_what_belongs_to_each_row(memory);
}
TEST_CASE("memory store: what was said is found") { transcripts_are_found(memory); }
TEST_CASE("memory store: alerts wait to be delivered") { alert_store_keeps_alerts(memory); }
TEST_CASE("memory store: holds are kept") { holds_are_kept(memory); }
TEST_CASE("memory store: retention goes on where it was") {
  retention_goes_on_where_it_was(memory);
}
TEST_CASE("memory store: erasures are kept") { erasures_are_kept(memory); }
TEST_CASE("memory store: erased calls stay erased") { erased_calls_stay_erased(memory); }
TEST_CASE("memory store: jobs are leased") { job_store_leases(memory); }
TEST_CASE("memory store: unique work is added once") { job_store_adds_unique_work_once(memory); }
TEST_CASE("memory store: what was given up stays visible") {
  job_store_keeps_what_was_given_up(memory);
}

TEST_CASE("SQLite: calls are kept") { call_store_keeps_calls(sqlite); }
TEST_CASE("SQLite: what belongs to a call is kept") {
  call_store_keeps_what_belongs_to_a_call(sqlite);
}
TEST_CASE("SQLite: a commit is all or nothing") { call_store_is_all_or_nothing(sqlite); }
TEST_CASE("SQLite: an event is kept once") { call_store_keeps_events_once(sqlite); }
TEST_CASE("SQLite: absurd text has an outcome") { call_store_bears_absurd_text(sqlite); }
TEST_CASE("SQLite: locations of files are kept") { file_locations_are_kept(sqlite); }
TEST_CASE("SQLite: who has a file is told") { folder_owners_are_told(sqlite); }
TEST_CASE("SQLite: who may have a folder is told") { folder_claimants_are_told(sqlite); }
TEST_CASE("SQLite: merges are kept") { merges_are_kept(sqlite); }
TEST_CASE("SQLite: imports are kept") { imports_are_kept(sqlite); }
TEST_CASE("SQLite: calls are listed in short") { call_facts_are_listed(sqlite); }
TEST_CASE("SQLite: a page has what belongs to each row") {
  pages_have_what_belongs_to_each_row(sqlite);
}
TEST_CASE("SQLite: what was said is found") { transcripts_are_found(sqlite); }
TEST_CASE("SQLite: alerts wait to be delivered") { alert_store_keeps_alerts(sqlite); }
TEST_CASE("SQLite: holds are kept") { holds_are_kept(sqlite); }
TEST_CASE("SQLite: retention goes on where it was") { retention_goes_on_where_it_was(sqlite); }
TEST_CASE("SQLite: erasures are kept") { erasures_are_kept(sqlite); }
TEST_CASE("SQLite: erased calls stay erased") { erased_calls_stay_erased(sqlite); }
TEST_CASE("SQLite: jobs are leased") { job_store_leases(sqlite); }
TEST_CASE("SQLite: unique work is added once") { job_store_adds_unique_work_once(sqlite); }
TEST_CASE("SQLite: what was given up stays visible") { job_store_keeps_what_was_given_up(sqlite); }

}  // namespace earshot::contract
