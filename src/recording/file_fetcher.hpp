#pragma once
// Brings one chunk's files from ACS's storage into ours: a bounded piece at a time through staged
// blocks, each hashed on its way in, then committed, read back from our store and compared. What
// was staged is remembered, so that an attempt goes on where the last one broke off, in another
// process too.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "domain/recording_file.hpp"
#include "ports/blob_store.hpp"
#include "ports/file_locations.hpp"
#include "ports/service_files.hpp"
#include "recording/chunk_metadata.hpp"
#include "recording/fetched_names.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace earshot::recording {

struct FileFetcherOptions {
  std::uint64_t piece_bytes = 4 << 20;  // all that is held of a file at a time
  int piece_tries_max = 3;
  Duration piece_retry = 1s;
  std::size_t blocks_between_saves = 16;  // so much is fetched again after a crash
  // A file that is shorter than its metadata promises is taken as it is after so many attempts.
  int short_tries_max = 3;
};

// Where a file goes; the names follow when its format is known.
struct FetchTarget {
  std::string resource;  // label of the ACS resource that it comes from
  std::string folder;
  bool second_copy = false;
};

struct FetchOutcome {
  FileFetch fetch;  // as saved, or as it should be
  std::optional<Error> error;
};

class FileFetcher {
 public:
  // All outlive this.
  FileFetcher(ServiceFiles& files, BlobStore& blobs, FileLocations& locations, Clock& clock,
              Counters& counters, Log& log, FileFetcherOptions options = {});

  // One attempt. Its progress is saved on the way; the caller saves the outcome. Every error is
  // worth another attempt while the file exists; `refused` and `not_found` as of
  // ports/service_files.hpp.
  Task<FetchOutcome> fetch(RecordingFile file, FetchTarget target);
  // What ACS's metadata of the chunk says; nullopt when the event names none.
  Task<Result<std::optional<ChunkMetadata>>> read_metadata(FileLocation told, std::string resource);
  // Attempts that run end at their next piece, with what they have saved.
  void stop() { stopping_ = true; }

 private:
  struct Attempt {  // what the steps of one attempt share
    RecordingFile file;
    FetchTarget target;
    std::optional<Duration> promised;
    bool restarted = false;
  };
  using AttemptPtr = std::shared_ptr<Attempt>;
  Task<Result<void>> fetch_metadata(AttemptPtr attempt);
  Task<Result<void>> fetch_audio(AttemptPtr attempt);
  Task<Result<void>> pull_blocks(AttemptPtr attempt);
  Result<void> look_at_head(Attempt& attempt, ByteView head, std::uint64_t file_bytes);
  Task<Result<void>> commit(AttemptPtr attempt);
  Task<Result<void>> read_back(AttemptPtr attempt);
  Task<Result<ServicePiece>> read_piece(ServiceFile file, std::uint64_t offset,
                                        std::uint64_t length);
  Task<Result<Bytes>> read_metadata_bytes(ServiceFile file);
  static void forget_blocks(FileFetch& fetch);

  ServiceFiles& files_;
  BlobStore& blobs_;
  FileLocations& locations_;
  Clock& clock_;
  Log& log_;
  FileFetcherOptions options_;
  bool stopping_ = false;
  Counter& empty_files_;
  Counter& mismatches_;
};

}  // namespace earshot::recording
