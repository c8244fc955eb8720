// The verdict on a call whose recording waits for its notice.
#include "domain/judge.hpp"
#include "domain/testing/recorded_evidence.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::testing;

namespace {

// The notice was played from 1 s to 8 s; ACS resumed at 8.3 s, and we heard of it at 8.4 s. The
// caller spoke before, unheard.
struct NoticeFirst : Recorded {
  NoticeFirst() {
    evidence.call.consent = RecordingConsent::notice_first;
    evidence.call.notice = PlayedNotice{.from = 1s, .to = 8s, .samples = 1, .rate_hz = 24'000};
    auto& recording = evidence.recordings[0];
    recording.recording.requested_at = at(200ms);
    recording.recording.active_at = at(8400ms);
    recording.pauses.push_back({.recording = {"r"}, .from = at(200ms), .to = at(8400ms)});
    // Of the first chunk there is what was said after the notice; its start is the recording's.
    auto& first = chunk(0);
    first.chunk.data_bytes = 12'100ULL * rate / 1'000 * 2;
    first.chunk.duration = 12'100ms;
    first.levels[0].erase(first.levels[0].begin(),
                          first.levels[0].begin() + static_cast<std::ptrdiff_t>(slots(7900ms)));
  }
  void told_by_acs() { chunk(0).metadata->pauses.push_back({at(400ms), at(8300ms)}); }
};

}  // namespace

TEST_CASE("before a notice that comes first nothing is missing, and the head is a pause") {
  NoticeFirst call;
  SUBCASE("by ACS's own list of pauses") { call.told_by_acs(); }
  SUBCASE("by our own command") {
    call.chunk(0).chunk.data_bytes = 12'000ULL * rate / 1'000 * 2;
    call.chunk(0).chunk.duration = 12s;
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.lost == 0s);
  CHECK(verdict.numbers.start_delay == 0s);
  CHECK(verdict.numbers.paused >= 8300ms);
  CHECK(verdict.numbers.paused <= 8400ms);
  CHECK_FALSE(verdict.has(FindingKind::metadata_contradicts));
  CHECK_FALSE(verdict.has(FindingKind::start_delay));
  REQUIRE_FALSE(verdict.timeline.spans.empty());
  CHECK(verdict.timeline.spans[0].kind == SpanKind::paused);
  CHECK(verdict.timeline.spans[1].first_frame == 0);
}

TEST_CASE("a recording that begins long after its notice lost what was said between") {
  NoticeFirst call;
  call.told_by_acs();
  call.evidence.call.notice->to = 4s;
  call.evidence.recordings[0].pauses[0].to = at(4200ms);
  call.evidence.recordings[0].recording.active_at = at(4200ms);
  call.chunk(0).metadata->pauses.clear();
  call.chunk(0).chunk.start = at(8300ms);
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::gapped);
  CHECK(verdict.numbers.start_delay > 4s);
}

TEST_CASE("a call that ended during its notice is complete with nothing in it") {
  NoticeFirst call;
  call.evidence.call.notice.reset();
  SUBCASE("no chunk appeared") { call.chunks().clear(); }
  SUBCASE("one without a sample did") {
    call.drop(2);
    call.drop(1);
    call.chunk(0).chunk.data_bytes = 0;
    call.chunk(0).levels.clear();
  }
  SUBCASE("its recording had not begun") { call.evidence.recordings.clear(); }
  SUBCASE("its start was answered when it was over") {
    call.chunks().clear();
    call.evidence.recordings[0].pauses.clear();
    call.evidence.recordings[0].recording.active_at.reset();
  }
  const auto verdict = call.verdict();
  CHECK(verdict.kind == VerdictKind::complete);
  CHECK(verdict.numbers.expected == 0s);
  CHECK(verdict.numbers.paused == 60s);
  CHECK(verdict.numbers.lost == 0s);
  CHECK(verdict.has(FindingKind::notice_not_played));
  CHECK(verdict.gaps.empty());
}
