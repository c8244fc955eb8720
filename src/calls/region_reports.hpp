#pragma once
// The comparison of regions (ACS resources) over a stretch of time: reads the calls in short, page
// by page, so that neither memory nor the database is held by their number.

#include "domain/region_report.hpp"
#include "ports/call_facts.hpp"

#include <string>

namespace earshot::calls {

struct RegionReportsOptions {
  std::string first_label = "default";  // of calls that were stored before resources had labels
  int pages_max = 2'000;                // of call_facts_page_max calls each
};

class RegionReports {
 public:
  // `facts` outlives this.
  explicit RegionReports(CallFactsSource& facts, RegionReportsOptions options = {})
      : facts_(facts), options_(std::move(options)) {}
  // Of calls received from `from` on and before `to`. `invalid`: the times are the wrong way round,
  // or there are too many calls between them; one report at a time, others are `unavailable`.
  Task<Result<RegionReport>> make(WallTime from, WallTime to);

 private:
  Task<Result<RegionReport>> read(WallTime from, WallTime to);

  CallFactsSource& facts_;
  RegionReportsOptions options_;
  bool busy_ = false;
};

}  // namespace earshot::calls
