#include "blob/delegation_key_xml.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <pugixml.hpp>

namespace earshot::blob {
namespace {

constexpr std::size_t part_bytes_max = 256;

// Each goes into a link: ids, times and versions have nothing but these.
bool is_plain(std::string_view text) {
  return !text.empty() && text.size() <= part_bytes_max && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == ':' || c == '.' || c == '+';
  });
}

Failure wrong(std::string_view part) {
  return fail(ErrorKind::corrupt,
              fmt::format("storage's user delegation key has no usable {}", part));
}

}  // namespace

std::string delegation_key_request_xml(WallTime start, WallTime expiry) {
  return fmt::format(
      R"(<?xml version="1.0" encoding="utf-8"?><KeyInfo><Start>{}</Start><Expiry>{}</Expiry></KeyInfo>)",
      to_sas_time(start), to_sas_time(expiry));
}

Result<UserDelegationKey> parse_delegation_key(std::string_view xml) {
  if (xml.starts_with("\xEF\xBB\xBF")) xml.remove_prefix(3);
  pugi::xml_document document;
  // No document types, hence no entities of anybody's making.
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_minimal | pugi::parse_escapes,
                            pugi::encoding_utf8))
    return fail(ErrorKind::corrupt, "storage's user delegation key is no XML");
  const auto root = document.child("UserDelegationKey");
  UserDelegationKey key;
  for (const auto& [name, member] : {std::pair{"SignedOid", &UserDelegationKey::object_id},
                                     std::pair{"SignedTid", &UserDelegationKey::tenant_id},
                                     std::pair{"SignedStart", &UserDelegationKey::start},
                                     std::pair{"SignedExpiry", &UserDelegationKey::expiry},
                                     std::pair{"SignedService", &UserDelegationKey::service},
                                     std::pair{"SignedVersion", &UserDelegationKey::version}}) {
    key.*member = root.child(name).text().get();
    if (!is_plain(key.*member)) return wrong(name);
  }
  const auto expires_at = parse_iso8601(key.expiry);
  if (!expires_at) return wrong("SignedExpiry");
  key.expires_at = *expires_at;
  std::string value = root.child("Value").text().get();
  const auto bytes = base64::decode(value);
  if (!bytes || bytes->empty()) return wrong("Value");
  key.value = Secret(std::move(value));
  return key;
}

}  // namespace earshot::blob
