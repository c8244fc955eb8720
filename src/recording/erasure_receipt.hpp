#pragma once
// The receipt of an erasure as it is handed out: which calls, which files with their hashes, what
// was refused, signed in the form of manifests. No number or name is in it. Pure; docs/retention.md
// tells an auditor how to check one.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "domain/erasure.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace earshot::recording {

// One JSON object, without a signature; the same erasure gives the same bytes. `software`: name and
// version.
std::string erasure_receipt_text(const Erasure& erasure, std::string_view software);

// Of one that is read back; a call has some dozens of files.
inline constexpr std::size_t erasure_receipt_bytes_max = 256 << 20;

// What checking a receipt needs of it. `invalid` names what is wrong.
struct ErasureClaims {
  std::string id;
  std::string caller_key;
  std::string finished_at;
  std::string software;
  int calls_erased = 0;
  int calls_refused = 0;
  std::uint64_t blobs = 0;
  std::uint64_t blobs_with_hash = 0;
};
Result<ErasureClaims> read_erasure_claims(std::string_view text);

// The claims of a receipt that was signed with that key of several, all trusted, which it names.
// `refused` when it names none of them, or was changed since.
Result<ErasureClaims> check_erasure_receipt(std::string_view signed_text,
                                            std::span<const Bytes> keys);

}  // namespace earshot::recording
