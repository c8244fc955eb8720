#pragma once
// What a contract suite needs of the implementation it runs on: the ports of one empty store, and
// a loop that runs its tasks. One is made for each case.

#include "net/testing/test_runtime.hpp"
#include "ports/alert_store.hpp"
#include "ports/call_facts.hpp"
#include "ports/call_lists.hpp"
#include "ports/call_store.hpp"
#include "ports/downlink_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/folder_claims.hpp"
#include "ports/import_store.hpp"
#include "ports/job_store.hpp"
#include "ports/merge_store.hpp"
#include "ports/retention_store.hpp"
#include "ports/transcript_search.hpp"

#include <functional>
#include <memory>

namespace earshot::contract {

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual CallStore& calls() = 0;
  virtual CallLists& lists() = 0;
  virtual JobStore& jobs() = 0;
  virtual FileLocations& files() = 0;
  virtual FolderClaims& claims() = 0;
  virtual MergeStore& merges() = 0;
  virtual ImportStore& imports() = 0;
  virtual TranscriptSearch& search() = 0;
  virtual AlertStore& alerts() = 0;
  virtual RetentionStore& retention() = 0;
  virtual DownlinkStore& downlinks() = 0;
  virtual CallFactsSource& facts() = 0;

  template <class T>
  T run(Task<T> task) {
    return runtime_.run_for(std::move(task));
  }

 private:
  net::TestRuntime runtime_;
};

using StoreFactory = std::function<std::unique_ptr<StoreUnderTest>()>;

}  // namespace earshot::contract
