#pragma once
// What an answer of the Blob service means to a caller. Pure.

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/storage_tier.hpp"
#include "net/http_client.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace earshot::blob::detail {

// For a reply that is no success.
Error error_of(std::string_view doing, const net::HttpReply& reply, WallTime now);
// Of tiers, tags and holds: with the code of ports/blob_store.hpp where there is no such thing.
Error attribute_error(Error error);
// "rehydrate-pending-to-cool"
std::optional<StorageTier> rehydration_of(std::string_view archive_status);
std::string unquoted(std::string_view etag);

}  // namespace earshot::blob::detail
