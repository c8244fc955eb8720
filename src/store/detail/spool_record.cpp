#include "store/detail/spool_record.hpp"

#include "base/crypto.hpp"
#include "store/detail/event_fields.hpp"
#include "store/detail/field_text.hpp"

#include <charconv>

namespace earshot::store {
namespace {

constexpr std::string_view magic = "EARSPOOL";
constexpr char waiting = 'w';
constexpr std::size_t hash_bytes = 8;

std::string hash_of(std::string_view payload) {
  const auto digest = crypto::sha256(as_bytes(payload));
  return std::string(as_text(ByteView(digest).first(hash_bytes)));
}

std::uint32_t read_length(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 4; i-- > 0;) length = length << 8U | static_cast<unsigned char>(bytes[i]);
  return length;
}

struct Header {
  char state = 0;
  std::uint64_t payload_bytes = 0;
};

// A record that begins at the start of `file` and is whole; taken ones have no payload to check.
std::optional<Header> whole_record(std::string_view file) {
  if (file.size() < spool_header_bytes || !file.starts_with(magic)) return std::nullopt;
  const Header header{.state = file[spool_state_offset],
                      .payload_bytes = read_length(file.substr(magic.size()))};
  if (file.size() - spool_header_bytes < header.payload_bytes) return std::nullopt;
  if (header.state == spool_taken) return header;
  const auto payload = file.substr(spool_header_bytes, header.payload_bytes);
  if (header.state != waiting ||
      file.substr(spool_state_offset + 1, hash_bytes) != hash_of(payload))
    return std::nullopt;
  return header;
}

}  // namespace

std::string write_spool_record(const SpooledEvents& events) {
  FieldWriter out;
  out.add("received_at", to_unix_us(events.received_at));
  for (const auto& event : events.events) {
    out.add("event", write_event_fields(event));
    out.add("raw", event.raw);
  }
  const auto payload = out.take();
  std::string record(magic);
  for (unsigned shift = 0; shift < 32; shift += 8)
    record += static_cast<char>(payload.size() >> shift & 0xffU);
  record += waiting;
  record += hash_of(payload);
  record += payload;
  return record;
}

std::optional<SpooledEvents> read_spool_payload(std::string_view payload) {
  FieldReader fields(payload);
  SpooledEvents events;
  while (auto field = fields.next()) {
    if (field->name == "received_at") {
      long long us = 0;
      std::from_chars(field->value.data(), field->value.data() + field->value.size(), us);
      events.received_at = from_unix_us(us);
    } else if (field->name == "event") {
      auto event = read_event_fields(field->value);
      if (!event) return std::nullopt;
      events.events.push_back(std::move(*event));
    } else if (field->name == "raw" && !events.events.empty()) {
      events.events.back().raw = std::move(field->value);
    }
  }
  if (fields.damaged()) return std::nullopt;
  return events;
}

SpoolScan scan_spool(std::string_view file) {
  SpoolScan scan;
  std::uint64_t at = 0;
  while (at < file.size()) {
    if (const auto header = whole_record(file.substr(at))) {
      if (header->state != spool_taken)
        scan.waiting.push_back({.offset = at, .payload_bytes = header->payload_bytes});
      scan.damaged_bytes += at - scan.end;
      at += spool_header_bytes + header->payload_bytes;
      scan.end = at;
      continue;
    }
    const auto next = file.find(magic, at + 1);
    if (next == std::string_view::npos) break;
    at = next;
  }
  return scan;
}

}  // namespace earshot::store
