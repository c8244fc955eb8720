#include "domain/folder_claim.hpp"

#include <algorithm>
#include <string_view>

namespace earshot {
namespace {

// Whole numbers only, so that no short one fits by chance.
constexpr std::size_t number_characters_min = 4;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_id(std::string_view a, std::string_view b) {
  return !a.empty() && std::ranges::equal(a, b, {}, lower, lower);
}

// "+15550123" of "4:+15550123", as ACS writes a telephone number.
std::string_view without_kind(std::string_view participant) {
  return participant.starts_with("4:") ? participant.substr(2) : participant;
}

bool is_number(std::string_view participant) { return without_kind(participant).starts_with('+'); }

bool ran_at(const FolderClaimant& claimant, WallTime time, Duration slack) {
  const auto& recording = claimant.recording;
  const auto end = recording.ended_at ? recording.ended_at : claimant.call_ended_at;
  return time >= recording.requested_at - slack && (!end || time <= *end + slack);
}

ClaimBasis basis_of(const FolderWords& folder, const FolderClaimant& claimant) {
  if (same_id(folder.call_id, claimant.correlation.text) ||
      same_id(folder.call_id, claimant.connection.text) ||
      same_id(folder.call_id, claimant.server_call.text))
    return ClaimBasis::call_id;
  const auto caller = without_kind(claimant.caller);
  if (caller.size() < number_characters_min) return ClaimBasis::time;
  const bool takes_part = std::ranges::any_of(
      folder.participants, [&](const std::string& one) { return without_kind(one) == caller; });
  if (takes_part) return ClaimBasis::caller;
  // It tells who was on the telephone, and that was somebody else.
  const bool others = is_number(caller) && std::ranges::any_of(folder.participants, is_number);
  return others ? ClaimBasis::none : ClaimBasis::time;
}

}  // namespace

FolderClaim weigh_claim(const FolderWords& folder, const FolderClaimant& claimant, Duration slack) {
  if (!folder.start || !ran_at(claimant, *folder.start, slack)) return {};
  const auto basis = basis_of(folder, claimant);
  if (basis == ClaimBasis::none) return {};
  const auto& recording = claimant.recording;
  const auto apart = *folder.start - recording.active_at.value_or(recording.requested_at);
  const bool together = folder.is_beginning && apart <= slack && -apart <= slack;
  return {.basis = basis, .begins_together = together};
}

}  // namespace earshot
