#pragma once
// The XML of "Get User Delegation Key", REST API reference of Azure Storage. Pure, over pugixml.

#include "base/result.hpp"
#include "base/time.hpp"
#include "blob/shared_access.hpp"

#include <string>
#include <string_view>

namespace earshot::blob {

std::string delegation_key_request_xml(WallTime start, WallTime expiry);
// `corrupt`: no such answer, or a part of it is missing or of another form. Never shows a value.
Result<UserDelegationKey> parse_delegation_key(std::string_view xml);

}  // namespace earshot::blob
