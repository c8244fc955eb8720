#include "domain/folder_claim.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

constexpr Duration slack = 5s;

WallTime second(int number) {
  return *parse_iso8601("2026-03-02T09:15:00Z") + std::chrono::seconds(number);
}

// Recorded from 0 to 40 s.
FolderClaimant claimant() {
  FolderClaimant one;
  one.recording.requested_at = second(-1);
  one.recording.active_at = second(0);
  one.recording.ended_at = second(40);
  one.caller = "+15550123";
  one.server_call = {"aHR0cHM6"};
  one.correlation = {"ABCDEF22-0000-4000-8000-000000000002"};
  one.connection = {"33333333-0000-4000-8000-000000000003"};
  return one;
}

FolderWords folder(int start, std::vector<std::string> participants) {
  return {.call_id = "not-known-to-us",
          .start = second(start),
          .is_beginning = true,
          .participants = std::move(participants)};
}

FolderClaim weigh(const FolderWords& words, const FolderClaimant& one) {
  return weigh_claim(words, one, slack);
}

}  // namespace

TEST_CASE("the caller at that time is evidence, and the beginning makes it better") {
  const auto at_start = weigh(folder(1, {"8:acs:bot", "4:+15550123"}), claimant());
  const auto later = weigh(folder(20, {"4:+15550123"}), claimant());
  CHECK(at_start.basis == ClaimBasis::caller);
  CHECK(at_start.begins_together);
  CHECK(later.is_evidence());
  CHECK(at_start > later);
  auto not_first = folder(1, {"4:+15550123"});
  not_first.is_beginning = false;
  CHECK(weigh(not_first, claimant()) == later);
}

TEST_CASE("a caller stored as ACS writes a number is the same caller") {
  auto one = claimant();
  one.caller = "4:+15550123";
  CHECK(weigh(folder(1, {"+15550123"}), one).is_evidence());
  CHECK(weigh(folder(1, {"4:+15550123"}), one).is_evidence());
}

TEST_CASE("an id of the call beats the caller, in either case of its letters") {
  auto words = folder(20, {"8:acs:x"});
  for (const char* id : {"abcdef22-0000-4000-8000-000000000002",
                         "33333333-0000-4000-8000-000000000003", "aHR0cHM6"}) {
    words.call_id = id;
    CHECK(weigh(words, claimant()).basis == ClaimBasis::call_id);
    CHECK(weigh(words, claimant()) > weigh(folder(1, {"4:+15550123"}), claimant()));
  }
}

TEST_CASE("another caller, or another time, is no claim at all") {
  CHECK(weigh(folder(1, {"4:+15550124"}), claimant()).basis == ClaimBasis::none);
  CHECK(weigh(folder(-7, {"4:+15550123"}), claimant()).basis == ClaimBasis::none);
  CHECK(weigh(folder(46, {"4:+15550123"}), claimant()).basis == ClaimBasis::none);
  auto silent = folder(1, {"4:+15550123"});
  silent.start.reset();
  CHECK(weigh(silent, claimant()).basis == ClaimBasis::none);
}

TEST_CASE("where nobody says who took part, time leaves it open and is no evidence") {
  CHECK(weigh(folder(1, {}), claimant()).basis == ClaimBasis::time);
  CHECK(weigh(folder(1, {"8:acs:bot"}), claimant()).basis == ClaimBasis::time);
  auto erased = claimant();
  erased.caller.clear();
  CHECK(weigh(folder(1, {"4:+15550124"}), erased).basis == ClaimBasis::time);
  auto hidden = claimant();
  hidden.caller = "anonymous";
  CHECK(weigh(folder(1, {"4:+15550124"}), hidden).basis == ClaimBasis::time);
  CHECK_FALSE(weigh(folder(1, {}), claimant()).is_evidence());
}

TEST_CASE("a recording that still runs may hold all that began since, until its call ended") {
  auto one = claimant();
  one.recording.ended_at.reset();
  CHECK(weigh(folder(4'000, {"4:+15550123"}), one).is_evidence());
  one.call_ended_at = second(40);
  CHECK_FALSE(weigh(folder(4'000, {"4:+15550123"}), one).is_evidence());
}
