#pragma once
// The job that gives a call its verdict ("verify_call", subject: the contextId). Queued with the
// call's end, with whatever its searches find, by the reconciler and by hand. It waits while chunks
// may still come, but no longer than to a deadline: then it judges what is there. When more comes
// later, another verdict follows; what changes nothing is not stored again.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "domain/timeline_builder.hpp"
#include "domain/verdict.hpp"
#include "jobs/job_outcome.hpp"
#include "ports/alert_sink.hpp"
#include "ports/call_store.hpp"
#include "ports/chunk_source.hpp"
#include "ports/file_locations.hpp"
#include "ports/job_store.hpp"
#include "recording/manifest_writer.hpp"
#include "recording/mender.hpp"
#include "recording/second_copies.hpp"
#include "recording/transcript_store.hpp"
#include "recording/verification/clock_aligner.hpp"
#include "recording/verification/cut_verifier.hpp"
#include "recording/verification/evidence_gatherer.hpp"
#include "recording/verification/own_voice_finder.hpp"
#include "recording/verification/witness_files.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::recording {

inline constexpr const char* verify_call_job = "verify_call";

NewJob make_verify_job(const ContextId& call, WallTime due);

struct VerifierOptions {
  VerdictThresholds thresholds;
  // After the call's end: chunks that come later than this make another verdict.
  Duration verdict_after = std::chrono::minutes(15);
  // The bridge's ledger is written out when the call ends; so long it is waited for.
  Duration ledger_wait = std::chrono::minutes(2);
  // A deadline may pass while storage is away. Once it is back, the search is given so long to see
  // what lies there, before a recording is called missing.
  Duration search_wait = std::chrono::minutes(5);
  Duration retry_first = 2s;
  Duration retry_max = 60s;
  // Signs the manifest that is written with each verdict; without a key none is.
  ManifestKey manifest_key;
  std::string software;  // name and version, for the manifest
};

struct VerifierServices {  // all outlive the verifier
  CallStore& store;
  ChunkSource& chunks;
  TapSpool& spool;
  BlobStore& blobs;
  FileLocations& files;  // where ACS's second copies of chunks are
  AlertSink& alerts;
  Clock& clock;
  Counters& counters;
  Log& log;
  Offload& offload;  // for comparing the sound, which takes seconds for a call of hours
  DownlinkEstimate* downlink = nullptr;         // is told when a call has shown its downlink delay
  const AudioConversion* conversion = nullptr;  // without it, mp3 is judged by its times alone
};

class CallVerifier {
 public:
  explicit CallVerifier(VerifierServices services, VerifierOptions options = {});

  // The handler. Safe to run twice, and for a call that has a verdict.
  Task<JobOutcome> run(Job job);
  // Looks for chunks again and gives the verdict anew. An imported call keeps its verdict, which
  // its import gave, and gets its manifest: every chunk is read for that. `not_found`; `conflict`
  // while the call lasts.
  Task<Result<void>> ask(ContextId call);

 private:
  using EvidencePtr = EvidenceGatherer::EvidencePtr;
  Task<Result<JobOutcome>> attempt(Job job);
  // Both witnesses' sound against each other. Fails with what is worth another try.
  Task<Result<void>> compare_sound(EvidencePtr evidence);
  // What is pure runs elsewhere: `timeline` is filled first, mended then, and judged at last.
  struct Draft {
    BuiltTimeline built;
    Verdict verdict;
  };
  using DraftPtr = std::shared_ptr<Draft>;
  Task<DraftPtr> lay_out_time(EvidencePtr evidence);
  Task<Result<BlobName>> mend(EvidencePtr evidence, DraftPtr draft, int number);
  Task<Result<std::vector<Chunk>>> second_copies_of(EvidencePtr evidence);
  Task<void> decide(EvidencePtr evidence, DraftPtr draft);
  Task<Result<void>> correct_turns(EvidencePtr evidence);
  Task<Result<void>> write_transcript(EvidencePtr evidence, Verdict verdict);
  Task<Result<void>> write_manifest(EvidencePtr evidence, Verdict verdict);
  Task<Result<JobOutcome>> describe_imported(EvidencePtr evidence);
  Task<Result<void>> store(Verdict verdict, std::optional<Verdict> before);
  JobOutcome wait_until(WallTime at, std::string why) const;
  // nullopt: it was waited for long enough. The job's payload is the time at which that began.
  std::optional<JobOutcome> wait_for_search(const Job& job, WallTime now) const;
  // Nothing more is to be waited for.
  bool is_final(const CallEvidence& evidence, WallTime now) const;
  WallTime deadline_of(const CallEvidence& evidence) const;
  void tell(const Verdict& verdict);
  // What is news since the verdict before.
  static std::vector<Alert> alerts_of(const Verdict& verdict, const std::optional<Verdict>& before);

  CallStore& store_;
  BlobStore& blobs_;
  AlertSink& alerts_;
  Clock& clock_;
  Counters& counters_;
  Log& log_;
  Offload& offload_;
  VerifierOptions options_;
  WitnessReader witness_;
  EvidenceGatherer gatherer_;
  OwnVoiceFinder own_voice_;
  ClockAligner aligner_;
  CutVerifier cuts_;
  SecondCopies second_copies_;
  Mender mender_;
  TranscriptStore transcripts_;
  std::optional<ManifestWriter> manifests_;
  Counter& unchanged_;
};

}  // namespace earshot::recording
