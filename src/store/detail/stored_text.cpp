#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::store {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// The lowest code point that needs so many bytes: anything below is an overlong form.
constexpr unsigned lowest[] = {0, 1, 0x80, 0x800, 0x10000};

std::size_t announced_length(unsigned first) {
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

}  // namespace

std::size_t character_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto length = announced_length(byte_at(text, 0));
  if (length <= 1) return length;
  if (text.size() < length) return 0;
  auto code = byte_at(text, 0) & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xc0U) != 0x80U) return 0;
    code = code << 6U | (byte_at(text, i) & 0x3fU);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < lowest[length] || surrogate || code > 0x10ffff ? 0 : length;
}

std::size_t plain_length(std::string_view text) {
  const auto* end = std::find_if(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
           c == '\\';
  });
  return static_cast<std::size_t>(end - text.begin());
}

std::string mend_text(std::string_view text) {
  std::string mended;
  mended.reserve(text.size());
  while (!text.empty()) {
    const auto plain = plain_length(text);
    mended += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto length = character_length(text);
    if (length == 0)
      mended += "\xef\xbf\xbd";
    else
      mended += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return mended;
}

bool is_storable_id(std::string_view id, std::size_t bytes_max) {
  if (id.size() > bytes_max) return false;
  while (!id.empty()) {
    const auto length = character_length(id);
    if (length == 0) return false;
    id.remove_prefix(length);
  }
  return true;
}

namespace {

class IdCheck {
 public:
  void needed(std::string_view what, std::string_view id, std::size_t bytes_max = id_bytes_max) {
    if (id.empty()) note(what, "is empty");
    optional(what, id, bytes_max);
  }
  void optional(std::string_view what, std::string_view id, std::size_t bytes_max = id_bytes_max) {
    if (!is_storable_id(id, bytes_max))
      note(what, fmt::format("is longer than {} bytes or no valid text", bytes_max));
  }
  void context(std::string_view what, const ContextId& id) {
    needed(what, id.text, context_id_bytes_max);
  }
  Result<void> result() const {
    if (fault_.empty()) return ok();
    return fail(ErrorKind::invalid, fault_);
  }

 private:
  void note(std::string_view what, std::string_view fault) {
    if (fault_.empty()) fault_ = fmt::format("store: {} {}", what, fault);
  }
  std::string fault_;
};

void check_call(IdCheck& check, const Call& call) {
  check.context("a call's contextId", call.id);
  check.optional("a call's correlationId", call.correlation_id.text);
  check.optional("a call's serverCallId", call.server_call_id.text);
  check.optional("a call's callConnectionId", call.connection_id.text);
  check.optional("a call's ring key", call.ring_key);
  check.optional("a call's link key", call.link_key);
  check.optional("a call's answer request id", call.answer_request_id);
  check.optional("a call's recordingId", call.recording_id.text);
  check.optional("a call's recording request id", call.recording_start_request_id);
}

}  // namespace

Result<void> check_ids(const Changes& changes) {
  IdCheck check;
  for (const auto& call : changes.calls) check_call(check, call);
  for (const auto& row : changes.personal) check.context("a caller's contextId", row.call);
  for (const auto& recording : changes.recordings) {
    check.context("a recording's contextId", recording.call);
    check.needed("a recordingId", recording.id.text);
  }
  for (const auto& change : changes.discoveries)
    check.needed("a searched recordingId", change.recording.text);
  for (const auto& pause : changes.pauses)
    check.needed("a pause's recordingId", pause.recording.text);
  for (const auto& chunk : changes.chunks) {
    check.needed("a chunk's recordingId", chunk.recording.text);
    check.optional("a chunk's blob name", chunk.audio.text, job_key_bytes_max);
    check.optional("a chunk's metadata blob name", chunk.metadata.text, job_key_bytes_max);
  }
  for (const auto& location : changes.file_locations)
    check.needed("a file location's recordingId", location.recording.text);
  for (const auto& turn : changes.turns) {
    check.context("a turn's contextId", turn.call);
    check.optional("a turn's session id", turn.session_id);
    check.needed("a turn's item id", turn.item_id);
  }
  for (const auto& verdict : changes.verdicts) {
    check.context("a verdict's contextId", verdict.call);
    for (const auto& span : verdict.timeline.spans)
      check.optional("a span's recordingId", span.recording.text);
    for (const auto& finding : verdict.findings)
      check.optional("a finding's recordingId", finding.recording.text);
    for (const auto& piece : verdict.mapping.pieces)
      check.optional("a mapping's recordingId", piece.recording.text);
  }
  for (const auto& entry : changes.journal)
    check.optional("a journal entry's contextId", entry.call.text, context_id_bytes_max);
  for (const auto& [call, diagnostics] : changes.diagnostics)
    check.optional("a diagnostic's contextId", call.text, context_id_bytes_max);
  for (const auto& alert : changes.alerts) {
    check.needed("an alert's kind", alert.kind, context_id_bytes_max);
    check.optional("an alert's contextId", alert.call.text, context_id_bytes_max);
    check.optional("an alert's recordingId", alert.recording.text);
  }
  for (const auto& job : changes.jobs) {
    check.needed("a job's kind", job.kind);
    check.optional("a job's unique key", job.unique_key, job_key_bytes_max);
  }
  return check.result();
}

}  // namespace earshot::store
