// links: base domain ports store net
// The event spool's file after a crash or a bad disk may hold anything: scanning it must find only
// whole records, within its bounds, and what is read of an event must be written the same again.

#include "store/detail/event_fields.hpp"
#include "store/detail/field_text.hpp"
#include "store/detail/spool_record.hpp"
#include "store/detail/stored_text.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_payload(std::string_view payload) {
  const auto events = earshot::store::read_spool_payload(payload);
  if (!events) return;
  for (const auto& event : events->events) {
    const auto text = earshot::store::write_event_fields(event);
    const auto again = earshot::store::read_event_fields(text);
    require(again.has_value());
    require(earshot::store::write_event_fields(*again) == text);
    require(earshot::store::is_storable_id(text, text.size()));
    require(earshot::store::event_key(*again) == earshot::store::event_key(event));
  }
}

void check_text(std::string_view text) {
  const auto escaped = earshot::store::escape_text(text);
  const auto back = earshot::store::unescape_text(escaped);
  require(back.has_value() && *back == text);
  const auto mended = earshot::store::mend_text(text);
  require(earshot::store::is_storable_id(mended, mended.size()));
  require(earshot::store::mend_text(mended) == mended);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto scan = earshot::store::scan_spool(file);
  require(scan.end <= size);
  for (const auto& record : scan.waiting) {
    const auto begin = record.offset + earshot::store::spool_header_bytes;
    require(begin + record.payload_bytes <= scan.end);
    check_payload(file.substr(begin, record.payload_bytes));
  }
  // Without the hash that guards it, so that the fuzzer gets behind it.
  check_payload(file);
  check_text(file);
  return 0;
}
