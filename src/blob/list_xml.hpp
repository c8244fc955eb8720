#pragma once
// The XML of the Blob service: listings and errors in, block lists out. Pure, over pugixml.

#include "base/result.hpp"
#include "ports/blob_store.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::blob {

// `corrupt`: not a listing. Names that came percent-encoded (Encoded="true") are decoded.
Result<BlobPage> parse_listing(std::string_view xml);

struct ServiceError {
  std::string code;     // "BlobNotFound"; "" when the body says none
  std::string message;  // its first line
};
// Anything may stand in an error's body; what is no error document gives an empty one.
ServiceError parse_service_error(std::string_view xml);

// Of "?comp=tags". `corrupt`: no tags' document.
Result<BlobTags> parse_tags(std::string_view xml);
std::string tags_xml(const BlobTags& tags);

std::string block_list_xml(const std::vector<std::string>& block_ids);

}  // namespace earshot::blob
