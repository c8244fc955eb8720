#pragma once
// Whose recording lies in a folder of the container that nobody has taken yet, weighed by what the
// folder's metadata says: an id of the call, else the caller and the time together. Pure. Finding a
// recording's chunks and importing what nobody knows both ask here, so that they cannot disagree.

#include "domain/recording.hpp"

#include <compare>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

struct FolderWords {
  std::string call_id;                    // "": it names none
  std::optional<WallTime> start;          // of the first chunk that tells it
  bool is_beginning = false;              // that chunk is the recording's first
  std::vector<std::string> participants;  // as ACS writes them: "4:+15550123", "8:acs:…"
};

// A recording that may lie there, with what is known of its call.
struct FolderClaimant {
  Recording recording;
  std::string caller;  // "": not known, or erased
  ServerCallId server_call;
  CorrelationId correlation;
  CallConnectionId connection;
  std::optional<WallTime> call_ended_at;
};

enum class ClaimBasis {
  none,    // another time, or another caller
  time,    // it ran at that time, and nothing says whose the folder is
  caller,  // it ran at that time, and its caller takes part
  call_id  // it ran at that time, and the folder names its call
};

// Ascending: the greater one is the better.
struct FolderClaim {
  ClaimBasis basis = ClaimBasis::none;
  bool begins_together = false;  // the folder's audio begins when the recording did
  auto operator<=>(const FolderClaim&) const = default;
  // Time alone is none.
  bool is_evidence() const { return basis >= ClaimBasis::caller; }
};

// `slack`: between ACS's clock and ours. Without a start there is no claim.
FolderClaim weigh_claim(const FolderWords& folder, const FolderClaimant& claimant, Duration slack);

}  // namespace earshot
