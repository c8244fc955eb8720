#pragma once
// Inbound events on local disk while the database is away (ports/event_spool.hpp): one file, made
// for its user alone, since it holds what answering a call needs. Blocking work runs on the Offload
// given; thread-safe.
//
// The file is records one after the other, each
//   8 bytes "EARSPOOL", 4 bytes length of the payload (little-endian), 1 byte state ('w' waiting,
//   't' taken), 8 bytes of the payload's SHA-256, payload
// with the payload as detail/field_text.hpp writes it: received_at, then of each event its fields
// (detail/event_fields.hpp) and its raw body. A record that was taken is overwritten with zeros;
// when all are, the file is cut to nothing. A torn record at the end was never answered for and is
// cut off; a damaged one in the middle is passed over, counted and logged.

#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "ports/event_spool.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace earshot::store {

struct EventSpoolOptions {
  std::filesystem::path file;
  std::uint64_t bytes_max = 64 * 1024 * 1024;  // of the file; above it append is `unavailable`
};

// Opens the file, making it and its directory if they are not there; blocks. `unavailable`: it
// cannot be read or written. The references outlive the spool.
Result<std::unique_ptr<EventSpool>> make_event_spool(const EventSpoolOptions& options,
                                                     Offload& offload, Log& log,
                                                     Counters& counters);

}  // namespace earshot::store
