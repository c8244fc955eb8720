#pragma once
// Where the runs of a call's tap are: in the blob store once they were moved there, in the local
// spool before, and while the call lasts.

#include "domain/call.hpp"
#include "recording/tap_samples.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::recording {

struct OpenedTap {
  std::unique_ptr<TapSamples> samples;
  std::string identity;   // changes when more, or other, was kept
  int runs_unusable = 0;  // damaged from their first byte on
};

// `not_found` when no run of the call can be read here (another replica may hold its spool);
// `conflict` when runs have different rates.
Task<Result<OpenedTap>> open_tap(BlobStore& blobs, TapSpool& spool, Call call);

}  // namespace earshot::recording
