#include "recording/file_watch.hpp"

#include "recording/testing/erased.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

struct Watch : RecordedCall {
  Watch() {
    recording.byos = false;
    job = {.id = {"job"},
           .kind = watch_recording_files_job,
           .subject = recording.id.text,
           .payload = "{}",
           .added_at = runtime.clock().wall_now()};
    store_call();
  }
  // Runs when due, until the watch is over or so much time has gone.
  bool run_for(Duration time) {
    const auto end = runtime.clock().wall_now() + time;
    while (true) {
      auto outcome = wait(watch.run(job));
      const auto* retry = std::get_if<JobRetry>(&outcome);
      if (retry == nullptr) return true;
      ++runs;
      if (!retry->payload.empty()) job.payload = retry->payload;
      REQUIRE(retry->at > runtime.clock().wall_now());
      if (retry->at > end) {
        runtime.advance(end - runtime.clock().wall_now());
        return false;
      }
      runtime.advance(retry->at - runtime.clock().wall_now());
    }
  }
  void tell_of_chunks(int count) {
    Changes changes;
    for (int i = 0; i < count; ++i)
      changes.file_locations.push_back(
          {.recording = recording.id,
           .index = {static_cast<std::uint32_t>(i)},
           .told_at = runtime.clock().wall_now(),
           .expires_at = runtime.clock().wall_now() + files_kept_at_acs});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  void fetched(std::uint32_t index) {
    FileFetch fetch{.recording = recording.id, .index = {index}, .state = FileState::fetched};
    REQUIRE(wait(store.save_fetch(std::move(fetch))).has_value());
  }
  std::vector<std::string> alarms() {
    std::vector<std::string> kinds;
    kinds.reserve(alerts.raised.size());
    for (const auto& alert : alerts.raised) kinds.push_back(alert.kind);
    return kinds;
  }
  Job job;
  int runs = 0;
  FileWatch watch{store, store, alerts, runtime.clock(), counters, log};
};

}  // namespace

TEST_CASE("an event that does not come is an alarm, with the hours left, and again at half") {
  Watch watch;
  CHECK_FALSE(watch.run_for(14min));
  CHECK(watch.alarms().empty());
  CHECK_FALSE(watch.run_for(2min));
  REQUIRE(watch.alarms() == std::vector<std::string>{"file_event_missing"});
  CHECK(watch.alerts.raised[0].message.find("23.8 more hours") != std::string::npos);
  CHECK_FALSE(watch.run_for(11h));
  CHECK(watch.alarms().size() == 1);
  CHECK_FALSE(watch.run_for(1h));
  REQUIRE(watch.alarms() ==
          std::vector<std::string>{"file_event_missing", "service_copy_expiring"});
  CHECK(watch.alerts.raised[1].message.find("12.0 more hours") != std::string::npos);
  CHECK(watch.run_for(13h));
  CHECK(watch.alarms() == std::vector<std::string>{"file_event_missing", "service_copy_expiring",
                                                   "service_copy_expired"});
}

TEST_CASE("an event in time and files that were fetched are no alarm") {
  Watch watch;
  watch.runtime.advance(3min);
  watch.tell_of_chunks(2);
  CHECK_FALSE(watch.run_for(1min));
  watch.fetched(0);
  CHECK_FALSE(watch.run_for(1min));
  watch.fetched(1);
  CHECK(watch.run_for(1min));
  CHECK(watch.alarms().empty());
}

TEST_CASE("files that wait for half of their time are an alarm, once") {
  Watch watch;
  watch.tell_of_chunks(2);
  watch.fetched(0);
  CHECK_FALSE(watch.run_for(11h));
  CHECK(watch.alarms().empty());
  CHECK_FALSE(watch.run_for(2h));
  REQUIRE(watch.alarms() == std::vector<std::string>{"service_copy_expiring"});
  CHECK(watch.alerts.raised[0].message.starts_with("1 file(s)"));
  // Their expiry is told of by the fetching.
  CHECK(watch.run_for(24h));
  CHECK(watch.alarms().size() == 1);
}

TEST_CASE("a late event quiets the watch") {
  Watch watch;
  CHECK_FALSE(watch.run_for(1h));
  CHECK(watch.alarms() == std::vector<std::string>{"file_event_missing"});
  watch.tell_of_chunks(1);
  watch.fetched(0);
  CHECK(watch.run_for(2h));
  CHECK(watch.alarms().size() == 1);
}

TEST_CASE("the watch looks every hour, and bears a database that is away") {
  Watch watch;
  CHECK_FALSE(watch.run_for(6h));
  CHECK(watch.runs <= 9);
  Job of_nothing = watch.job;
  of_nothing.subject = "no such recording";
  CHECK(std::holds_alternative<JobGivenUp>(watch.wait(watch.watch.run(of_nothing))));
}

TEST_CASE(
    "the watch for a file event outlasts an erasure that was refused, and ends with another") {
  Watch watch;
  begin_erasure(watch);
  CHECK_FALSE(watch.run_for(1h));
  CHECK(watch.alarms().empty());
  SUBCASE("refused") {
    refuse_erasure(watch);
    CHECK_FALSE(watch.run_for(5h));
    CHECK_FALSE(watch.alarms().empty());
  }
  SUBCASE("erased") {
    erase_rows(watch);
    CHECK(watch.run_for(5h));
    CHECK(watch.alarms().empty());
  }
}
