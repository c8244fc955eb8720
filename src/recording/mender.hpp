#pragma once
// Mends a call's recording: fills what its timeline calls lost, from ACS's second copy and from the
// tap. Called by verification, once for each verdict. What comes from the tap is rendered then and
// there, into one blob beside the call's witnesses: resampled to the recording's rate, levelled to
// the recording as it sounds around the seam, each side placed by its own mapping, faded at the
// seams. Everything else stays where it is. Stored samples are never changed.
//
// Blob: `<witness folder>repair-<verdict number>.pcm`, as recording/repair_format.hpp says.

#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/blob_store.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/tap_spool.hpp"
#include "recording/call_audio.hpp"
#include "recording/mending.hpp"

#include <optional>
#include <vector>

namespace earshot::recording {

struct MendingRequest {
  Call call;  // its connected_at is zero of the timeline; received_at names the witness folder
  std::uint32_t verdict = 1;  // its number
  // What is recorded, paused and lost. Of recorded spans `recording`, `chunk`, `first_frame` and
  // `frames` are read; spans that are `repaired` already are taken for lost.
  Timeline timeline;
  ClockMapping mapping;
  std::vector<Chunk> chunks;  // of all recordings of the call
  // Copies of chunks at ACS that we keep, inspected as chunks are: `audio`, `etag`, `format`,
  // `data_offset`, `data_bytes` and `start` are read. None is a success.
  std::vector<Chunk> second_copies;
};

struct Mended {
  // With `repaired` spans. Those from the tap count `first_frame` and `frames` in `rendered`.
  Timeline timeline;
  BlobName rendered;  // empty: nothing came from the tap
};

struct MenderServices {  // all outlive the mender
  CallStore& store;
  BlobStore& blobs;
  TapSpool& spool;
  ChunkSource& chunks;
  Offload& offload;
  Log& log;
  // Without it, beside mp3 the tap is rendered as it is: in its own format, at its own level.
  const AudioConversion* conversion = nullptr;
};

class Mender {
 public:
  explicit Mender(MenderServices services) : services_(services) {}

  // The same request gives the same timeline and writes the same bytes again. A tap that is damaged
  // or gone mends less and is no failure. Fails with `unavailable` only: worth another try.
  Task<Result<Mended>> mend(MendingRequest request);

 private:
  MenderServices services_;
};

// "20260302/earshot/<contextId>/repair-1.pcm"
BlobName repair_blob(const Call& call, std::uint32_t verdict);

}  // namespace earshot::recording
