#pragma once
// What every store asks of its input before it does anything.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "ports/blob_store.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace earshot::blob::detail {

// 1 to 1,024 bytes of UTF-8-ish text without control characters, no "." or ".." segment, none
// empty, none absolute. Azure would take some of these; no store here does, so that a name that
// works with one works with all of them.
Result<void> check_name(const BlobName& name);
Result<void> check_read(std::uint64_t length);
Result<void> check_write(const BlobName& name, std::size_t bytes);
Result<void> check_block(const BlobName& name, std::uint32_t number, std::size_t bytes);
// At most ten, of the letters that the service allows.
Result<void> check_tags(const BlobTags& tags);
// The page size that will be used: 1 to page_size_max.
int page_size(const BlobListRequest& request);
// The folder of `name` one level below `prefix`, with its "/"; "" when `name` lies in `prefix`
// itself.
std::string folder_below(std::string_view name, std::string_view prefix);
// By the name's ending; for stores that keep no content type of their own.
std::string content_type_of(std::string_view name);

}  // namespace earshot::blob::detail
