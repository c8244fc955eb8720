#pragma once
// Finds turns by what was said in them, over all calls. The text asked for is text: a turn is found
// when it holds it as it stands, upper and lower case alike; no character of it means anything
// else. Implementations: store/sql_store (SQLite, PostgreSQL), store/memory_store. Thread-safe.

#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot {

inline constexpr std::size_t search_characters_max = 200;
inline constexpr int search_limit_max = 200;

struct TranscriptQuery {
  std::string text;
  std::optional<WallTime> from;  // the call's received_at
  std::optional<WallTime> to;    // before it
  int limit = 50;
  std::string cursor;  // "" = the first page, else a page's `next`
};

struct TranscriptHit {
  ContextId call;
  WallTime received_at{};  // of the call
  std::string session_id;
  std::string item_id;
  Speaker speaker = Speaker::caller;
  Duration start{0};  // call time
  Duration end{0};
  std::string text;  // all of the turn's
};

struct TranscriptPage {
  std::vector<TranscriptHit> hits;  // newest call first; of one call in order of time
  std::string next;                 // "" = there are no more
};

class TranscriptSearch {
 public:
  virtual ~TranscriptSearch() = default;
  // `invalid`: no text, one longer than search_characters_max, or a cursor that is none.
  virtual Task<Result<TranscriptPage>> search_transcripts(TranscriptQuery query) = 0;
};

}  // namespace earshot
