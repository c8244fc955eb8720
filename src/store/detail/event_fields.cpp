#include "store/detail/event_fields.hpp"

#include "base/crypto.hpp"
#include "store/detail/field_text.hpp"

#include <array>
#include <charconv>
#include <fmt/format.h>

namespace earshot::store {
namespace {

constexpr std::array<std::string_view, 3> door_words{"event_grid", "call_callback",
                                                     "recording_callback"};
// In the order of EventBody's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<EventBody>> body_words{
    "incoming_call",
    "call_connected",
    "call_disconnected",
    "answer_failed",
    "recording_state_changed",
    "start_recording_failed",
    "media_streaming_started",
    "media_streaming_stopped",
    "media_streaming_failed",
    "recording_file_status",
    "other"};

struct BodyWriter {
  FieldWriter& out;

  void result(const ResultInformation& result) const {
    out.add("code", result.code);
    out.add("sub_code", result.sub_code);
    out.add("message", result.message);
  }
  void time(std::string_view name, const std::optional<WallTime>& time) const {
    if (time) out.add(name, to_unix_us(*time));
  }
  void operator()(const IncomingCall& body) const {
    out.add("incoming_correlation_id", body.correlation_id.text);
    out.add("incoming_server_call_id", body.server_call_id.text);
    out.add("incoming_call_context", body.incoming_call_context.reveal());
    out.add("caller", body.caller);
    out.add("called", body.called);
    out.add("caller_name", body.caller_name);
    out.add("resource_topic", body.resource_topic);
  }
  void operator()(const CallConnected&) const {}
  void operator()(const CallDisconnected& body) const { result(body.result); }
  void operator()(const AnswerFailed& body) const { result(body.result); }
  void operator()(const RecordingStateChanged& body) const {
    out.add("recording_id", body.recording_id.text);
    out.add("active", body.active ? 1LL : 0LL);
    time("started_at", body.started_at);
  }
  void operator()(const StartRecordingFailed& body) const {
    out.add("recording_id", body.recording_id.text);
    result(body.result);
  }
  void operator()(const MediaStreamingStarted& body) const { out.add("details", body.details); }
  void operator()(const MediaStreamingStopped& body) const { out.add("details", body.details); }
  void operator()(const MediaStreamingFailed& body) const {
    result(body.result);
    out.add("details", body.details);
  }
  void operator()(const RecordingFileStatusUpdated& body) const {
    out.add("recording_id", body.recording_id.text);
    time("started_at", body.started_at);
    if (body.duration) out.add("duration_us", body.duration->count());
    out.add("session_end_reason", body.session_end_reason);
    for (const auto& chunk : body.chunks) {
      out.add("chunk", static_cast<long long>(chunk.index));
      out.add("document_id", chunk.document_id);
      out.add("end_reason", chunk.end_reason);
      out.add("content_location", chunk.content_location);
      out.add("metadata_location", chunk.metadata_location);
      out.add("delete_location", chunk.delete_location);
    }
  }
  void operator()(const OtherEvent&) const {}
};

template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& words,
                                    std::string_view word) {
  for (std::size_t i = 0; i < N; ++i)
    if (words[i] == word) return i;
  return std::nullopt;
}

template <std::size_t... I>
EventBody empty_body(std::size_t index, std::index_sequence<I...>) {
  EventBody body;
  ((I == index ? static_cast<void>(body.emplace<I>()) : static_cast<void>(0)), ...);
  return body;
}

// Takes one field after the other; what it does not know it passes over.
class EventReader {
 public:
  void take(const Field& field) {
    if (!take_head(field) && has_body_)
      std::visit([&](auto& body) { take(body, field); }, event_.body);
  }
  Result<InboundEvent> finish(bool text_damaged) {
    if (text_damaged || damaged_ || !has_body_)
      return fail(ErrorKind::corrupt, "a stored event cannot be read");
    return std::move(event_);
  }

 private:
  long long number(const Field& field) {
    long long value = 0;
    const auto* end = field.value.data() + field.value.size();
    if (auto [at, error] = std::from_chars(field.value.data(), end, value);
        error != std::errc() || at != end)
      damaged_ = true;
    return value;
  }
  WallTime time(const Field& field) { return from_unix_us(number(field)); }

  bool take_head(const Field& field) {
    if (has_body_) return false;
    if (field.name == "door") {
      if (auto index = index_of(door_words, field.value))
        event_.door = static_cast<EventDoor>(*index);
      else
        damaged_ = true;
    } else if (field.name == "id") {
      event_.id = field.value;
    } else if (field.name == "type") {
      event_.type = field.value;
    } else if (field.name == "occurred_at") {
      event_.occurred_at = time(field);
    } else if (field.name == "context_id") {
      event_.context_id.text = field.value;
    } else if (field.name == "connection_id") {
      event_.connection_id.text = field.value;
    } else if (field.name == "server_call_id") {
      event_.server_call_id.text = field.value;
    } else if (field.name == "correlation_id") {
      event_.correlation_id.text = field.value;
    } else if (field.name == "body") {
      const auto index = index_of(body_words, field.value);
      if (!index) damaged_ = true;
      event_.body = empty_body(index.value_or(body_words.size() - 1),
                               std::make_index_sequence<std::variant_size_v<EventBody>>());
      has_body_ = true;
    }
    return true;
  }

  void take_result(ResultInformation& result, const Field& field) {
    if (field.name == "code") result.code = static_cast<int>(number(field));
    if (field.name == "sub_code") result.sub_code = static_cast<int>(number(field));
    if (field.name == "message") result.message = field.value;
  }
  void take(IncomingCall& body, const Field& field) {
    if (field.name == "incoming_correlation_id") body.correlation_id.text = field.value;
    if (field.name == "incoming_server_call_id") body.server_call_id.text = field.value;
    if (field.name == "incoming_call_context") body.incoming_call_context = Secret(field.value);
    if (field.name == "caller") body.caller = field.value;
    if (field.name == "called") body.called = field.value;
    if (field.name == "caller_name") body.caller_name = field.value;
    if (field.name == "resource_topic") body.resource_topic = field.value;
  }
  void take(CallConnected&, const Field&) {}
  void take(CallDisconnected& body, const Field& field) { take_result(body.result, field); }
  void take(AnswerFailed& body, const Field& field) { take_result(body.result, field); }
  void take(RecordingStateChanged& body, const Field& field) {
    if (field.name == "recording_id") body.recording_id.text = field.value;
    if (field.name == "active") body.active = number(field) != 0;
    if (field.name == "started_at") body.started_at = time(field);
  }
  void take(StartRecordingFailed& body, const Field& field) {
    if (field.name == "recording_id") body.recording_id.text = field.value;
    take_result(body.result, field);
  }
  void take(MediaStreamingStarted& body, const Field& field) {
    if (field.name == "details") body.details = field.value;
  }
  void take(MediaStreamingStopped& body, const Field& field) {
    if (field.name == "details") body.details = field.value;
  }
  void take(MediaStreamingFailed& body, const Field& field) {
    if (field.name == "details") body.details = field.value;
    take_result(body.result, field);
  }
  void take(RecordingFileStatusUpdated& body, const Field& field) {
    if (field.name == "recording_id") body.recording_id.text = field.value;
    if (field.name == "started_at") body.started_at = time(field);
    if (field.name == "duration_us") body.duration = Duration(number(field));
    if (field.name == "session_end_reason") body.session_end_reason = field.value;
    if (field.name == "chunk")
      body.chunks.push_back({.index = static_cast<std::uint32_t>(number(field))});
    if (!body.chunks.empty()) take(body.chunks.back(), field);
  }
  void take(RecordingFileChunk& chunk, const Field& field) {
    if (field.name == "document_id") chunk.document_id = field.value;
    if (field.name == "end_reason") chunk.end_reason = field.value;
    if (field.name == "content_location") chunk.content_location = field.value;
    if (field.name == "metadata_location") chunk.metadata_location = field.value;
    if (field.name == "delete_location") chunk.delete_location = field.value;
  }
  void take(OtherEvent&, const Field&) {}

  InboundEvent event_;
  bool has_body_ = false;
  bool damaged_ = false;
};

std::string replace_all(std::string text, const std::string& what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::string_view door_word(EventDoor door) { return door_words.at(static_cast<std::size_t>(door)); }

std::string write_event_fields(const InboundEvent& event) {
  FieldWriter out;
  out.add("door", door_word(event.door));
  out.add("id", event.id);
  out.add("type", event.type);
  if (event.occurred_at) out.add("occurred_at", to_unix_us(*event.occurred_at));
  out.add("context_id", event.context_id.text);
  out.add("connection_id", event.connection_id.text);
  out.add("server_call_id", event.server_call_id.text);
  out.add("correlation_id", event.correlation_id.text);
  out.add("body", body_words.at(event.body.index()));
  std::visit(BodyWriter{out}, event.body);
  return out.take();
}

Result<InboundEvent> read_event_fields(std::string_view text) {
  FieldReader fields(text);
  EventReader reader;
  while (auto field = fields.next()) reader.take(*field);
  return reader.finish(fields.damaged());
}

std::string event_key(const InboundEvent& event) {
  const auto& whose = event.context_id.empty() ? event.correlation_id.text : event.context_id.text;
  // With its length before it, no id can pass for the end of another.
  const auto text =
      fmt::format("{}:{}:{}:{}", door_word(event.door), event.id.size(), event.id, whose);
  return crypto::to_hex(crypto::sha256(as_bytes(text)));
}

std::string raw_without_secret(const InboundEvent& event) {
  const auto* ring = std::get_if<IncomingCall>(&event.body);
  if (ring == nullptr || ring->incoming_call_context.empty()) return event.raw;
  const auto& secret = ring->incoming_call_context.reveal();
  auto raw = replace_all(event.raw, secret, "***");
  if (raw != event.raw) return raw;
  // JSON may write a slash as \/.
  raw = replace_all(event.raw, replace_all(secret, "/", "\\/"), "***");
  // Escaped in some other way: better no body than one with the secret in it.
  return raw != event.raw ? raw : std::string();
}

}  // namespace earshot::store
