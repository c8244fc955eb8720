#include "calls/region_reports.hpp"

#include <utility>

namespace earshot::calls {
namespace {

class Busy {
 public:
  explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
  ~Busy() { flag_ = false; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  bool& flag_;
};

}  // namespace

Task<Result<RegionReport>> RegionReports::make(WallTime from, WallTime to) {
  if (from >= to) co_return fail(ErrorKind::invalid, "from must be before to");
  if (busy_)
    co_return fail(ErrorKind::unavailable, "another report is being made; ask again in a moment");
  const Busy busy(busy_);
  co_return co_await read(from, to);
}

Task<Result<RegionReport>> RegionReports::read(WallTime from, WallTime to) {
  RegionStatistics statistics(options_.first_label);
  CallFactsQuery query{.from = from, .to = to, .after_received_at = {}, .after = {}};
  for (int page = 0; page < options_.pages_max; ++page) {
    auto facts = co_await facts_.call_facts(query);
    if (!facts) co_return Failure(facts.error());
    for (const auto& one : *facts) statistics.add(one);
    if (facts->size() < static_cast<std::size_t>(query.limit)) co_return statistics.report();
    query.after_received_at = facts->back().received_at;
    query.after = facts->back().call;
  }
  co_return fail(ErrorKind::invalid,
                 "there are too many calls between these times; ask for a shorter stretch");
}

}  // namespace earshot::calls
