#include "recording/downlink_estimate.hpp"

namespace earshot::recording {
namespace {

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

DownlinkEstimate::DownlinkEstimate(DownlinkStore& store, Clock& clock, Counters& counters, Log& log,
                                   DownlinkOptions options)
    : store_(store),
      clock_(clock),
      log_(log),
      options_(options),
      gauge_(counters.gauge("earshot_downlink_estimate_seconds",
                            "from our sending to the caller's ear, as new calls' bridges take it")),
      wake_(clock.make_signal()),
      us_(options.fixed.value_or(options.otherwise).count()) {
  gauge_.set(seconds(current()));
}

Task<void> DownlinkEstimate::refresh() {
  if (options_.fixed) co_return;
  auto recent = co_await store_.recent_downlinks(downlink_calls_max);
  if (!recent) {
    log_.warn("the measured downlink delays could not be read; the estimate stays",
              {{"why", recent.error().message}});
    co_return;
  }
  const Duration found = estimate_downlink(*recent).value_or(options_.otherwise);
  us_.store(found.count(), std::memory_order_relaxed);
  gauge_.set(seconds(found));
}

Task<void> DownlinkEstimate::run() {
  while (!stopping_) {
    co_await refresh();
    if (!stopping_) co_await wake_->wait_until(clock_.steady_now() + options_.refresh_every);
  }
}

void DownlinkEstimate::stop() {
  stopping_ = true;
  wake_->notify();
}

}  // namespace earshot::recording
