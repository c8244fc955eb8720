#pragma once
// What was erased of one caller's data, and what was not: the receipt. It names calls and blobs,
// never a number or a name; the caller is a keyed digest, by which a receipt can be told to be
// about a number that is brought to it.

#include "base/time.hpp"
#include "domain/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

using ErasureId = Id<struct ErasureTag>;  // ours, a UUID

enum class ErasureState {
  waiting,  // `why` says for what, where it is not for its turn
  erasing,  // what is listed may be gone or not; nothing more is stored of the call
  erased,
  refused,  // `why` says it
};

struct ErasedBlob {
  std::string name;
  std::uint64_t bytes = 0;
  std::string etag;
  std::string sha256;     // lower-case hex; "": not known, and hash_note says why
  std::string hash_note;  // where the hash is from: "manifest", "merge", "read"
  bool operator==(const ErasedBlob&) const = default;
};

// Of one table.
struct RowCount {
  std::string table;
  std::int64_t rows = 0;
  bool operator==(const RowCount&) const = default;
};

struct ErasedCall {
  ContextId call;
  ErasureState state = ErasureState::waiting;
  std::string why;
  std::vector<ErasedBlob> blobs;
  std::vector<RowCount> rows;
  std::vector<std::string> left;  // blobs in its folders that are not known to be of the call
  bool operator==(const ErasedCall&) const = default;
};

// What arrives after an erasure is looked for at times that are fixed when it is finished. Each of
// these looks is an erasure of its own, of the same calls, with a receipt of its own.
struct Erasure {
  ErasureId id;
  int number = 1;     // of the receipts of one request
  ErasureId adds_to;  // the first of these; empty: this is it
  WallTime at{};      // asked for; of a later look: due
  std::string caller_key;
  std::optional<WallTime> finished_at;
  std::vector<ErasedCall> calls;  // by contextId
  bool operator==(const Erasure&) const = default;
};

std::string_view to_text(ErasureState state);

}  // namespace earshot
