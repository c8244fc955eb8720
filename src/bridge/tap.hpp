#pragma once
// Writes a tap (domain/tap_format.hpp) piece by piece, and hashes its samples second by second for
// the ledger. One thread.

#include "domain/sample_hash.hpp"
#include "domain/tap_format.hpp"
#include "ports/tap_spool.hpp"

#include <cstdint>
#include <span>

namespace earshot::bridge {

class Tap {
 public:
  // `run` outlives this.
  Tap(TapRun& run, const TapHeader& header);

  // Interleaved samples of a stretch within one second; `position` in frames of call time.
  void write(std::int64_t position, std::span<const std::int16_t> interleaved);
  // The same stretch, but nobody had data: no block, and silence for the hash.
  void skip(std::int64_t frames);
  // Of what was written and skipped since the last call.
  std::uint64_t finish_second() { return hash_.finish(); }

  std::uint64_t blocks_refused() const { return blocks_refused_; }

 private:
  TapRun& run_;
  std::uint32_t rate_hz_;
  SampleHash hash_;
  std::uint64_t blocks_refused_ = 0;
};

}  // namespace earshot::bridge
