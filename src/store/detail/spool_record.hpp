#pragma once
// The records of an event spool's file, as event_spool.hpp describes them.

#include "base/bytes.hpp"
#include "ports/event_spool.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::store {

constexpr std::size_t spool_header_bytes = 21;
constexpr std::size_t spool_state_offset = 12;
constexpr char spool_taken = 't';

// A whole record, waiting.
std::string write_spool_record(const SpooledEvents& events);
// nullopt: not what write_spool_record() puts into a payload.
std::optional<SpooledEvents> read_spool_payload(std::string_view payload);

struct SpoolRecord {
  std::uint64_t offset = 0;  // of the header
  std::uint64_t payload_bytes = 0;
};

struct SpoolScan {
  std::vector<SpoolRecord> waiting;
  std::uint64_t end = 0;          // of the last whole record
  std::size_t damaged_bytes = 0;  // passed over before it
};

// Finds the whole records in a file's bytes.
SpoolScan scan_spool(std::string_view file);

}  // namespace earshot::store
