#include "blob/list_xml.hpp"

#include "blob/detail/azure_errors.hpp"
#include "net/url.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

namespace earshot::blob {
namespace {

constexpr std::size_t message_bytes_max = 300;

std::string_view without_mark(std::string_view xml) {
  if (xml.starts_with("\xEF\xBB\xBF")) xml.remove_prefix(3);
  return xml;
}

// No document types, hence no entities of anybody's making.
pugi::xml_parse_result load(pugi::xml_document& document, std::string_view xml) {
  xml = without_mark(xml);
  return document.load_buffer(
      xml.data(), xml.size(),
      pugi::parse_minimal | pugi::parse_escapes | pugi::parse_cdata | pugi::parse_ws_pcdata_single,
      pugi::encoding_utf8);
}

Result<std::string> name_of(const pugi::xml_node& item) {
  const auto node = item.child("Name");
  std::string name = node.text().get();
  if (name.empty()) return fail(ErrorKind::corrupt, "a blob without a name in a listing");
  if (!node.attribute("Encoded").as_bool()) return name;
  auto decoded = net::percent_decode(name);
  if (!decoded) return fail(ErrorKind::corrupt, "a blob's encoded name does not decode");
  return std::move(*decoded);
}

Result<BlobInfo> blob_of(const pugi::xml_node& item) {
  auto name = name_of(item);
  if (!name) return Failure(name.error());
  const auto properties = item.child("Properties");
  std::string etag = properties.child("Etag").text().get();
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  const auto modified = parse_http_date(properties.child("Last-Modified").text().get());
  return BlobInfo{
      .name = {std::move(*name)},
      .bytes = properties.child("Content-Length").text().as_ullong(),
      .etag = std::move(etag),
      .modified_at = modified.value_or(WallTime{}),
      .content_type = properties.child("Content-Type").text().get(),
      .tier = parse_storage_tier(properties.child("AccessTier").text().get()),
      .rehydrating_to = detail::rehydration_of(properties.child("ArchiveStatus").text().get())};
}

}  // namespace

Result<BlobPage> parse_listing(std::string_view xml) {
  pugi::xml_document document;
  if (const auto loaded = load(document, xml); !loaded)
    return fail(ErrorKind::corrupt, fmt::format("a listing is no XML: {} at byte {}",
                                                loaded.description(), loaded.offset));
  const auto results = document.child("EnumerationResults");
  const auto blobs = results.child("Blobs");
  if (!results || !blobs) return fail(ErrorKind::corrupt, "a listing without Blobs");
  BlobPage page;
  for (const auto& item : blobs.children()) {
    const std::string_view kind = item.name();
    if (kind == "Blob") {
      auto blob = blob_of(item);
      if (!blob) return Failure(blob.error());
      page.blobs.push_back(std::move(*blob));
    } else if (kind == "BlobPrefix") {
      auto name = name_of(item);
      if (!name) return Failure(name.error());
      page.prefixes.push_back(std::move(*name));
    }
  }
  page.next_marker = results.child("NextMarker").text().get();
  return page;
}

ServiceError parse_service_error(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) return {};
  const auto error = document.child("Error");
  std::string message = error.child("Message").text().get();
  message = message.substr(0, std::min(message.find('\n'), message_bytes_max));
  for (auto& c : message)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return {.code = error.child("Code").text().get(), .message = std::move(message)};
}

Result<BlobTags> parse_tags(std::string_view xml) {
  pugi::xml_document document;
  if (!load(document, xml)) return fail(ErrorKind::corrupt, "a blob's tags are no XML");
  const auto set = document.child("Tags").child("TagSet");
  if (!set) return fail(ErrorKind::corrupt, "a blob's tags without a TagSet");
  BlobTags tags;
  for (const auto& tag : set.children("Tag"))
    tags[tag.child("Key").text().get()] = tag.child("Value").text().get();
  return tags;
}

std::string tags_xml(const BlobTags& tags) {
  std::string xml = R"(<?xml version="1.0" encoding="utf-8"?><Tags><TagSet>)";
  // What is allowed in tags needs no escaping (detail/checks.hpp).
  for (const auto& [key, value] : tags)
    xml += fmt::format("<Tag><Key>{}</Key><Value>{}</Value></Tag>", key, value);
  return xml + "</TagSet></Tags>";
}

std::string block_list_xml(const std::vector<std::string>& block_ids) {
  std::string xml = R"(<?xml version="1.0" encoding="utf-8"?><BlockList>)";
  // Base64 needs no escaping.
  for (const auto& id : block_ids) xml += "<Latest>" + id + "</Latest>";
  return xml + "</BlockList>";
}

}  // namespace earshot::blob
