#include "blob/detail/azure_errors.hpp"

#include "blob/list_xml.hpp"
#include "net/retry_after.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace earshot::blob::detail {
namespace {

// A storage account that names more is not believed.
constexpr Duration blob_retry_after_max = std::chrono::hours(1);

ErrorKind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return ErrorKind::refused;
    case 404:
      return ErrorKind::not_found;
    case 409:
    case 412:
      return ErrorKind::conflict;
    case 408:
    case 429:
      return ErrorKind::unavailable;
    case 501:  // not there, which no other try changes
      return ErrorKind::invalid;
    default:
      return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
  }
}

}  // namespace

Error error_of(std::string_view doing, const net::HttpReply& reply, WallTime now) {
  // HEAD has no body, so the header goes first.
  auto from_body = parse_service_error(reply.body);
  std::string code(reply.headers.get("x-ms-error-code"));
  if (code.empty()) code = std::move(from_body.code);
  const auto request_id = reply.headers.get("x-ms-request-id");
  auto message = fmt::format("{}: storage answered {} {}", doing, reply.status,
                             code.empty() ? "without a code" : code);
  if (!request_id.empty()) message += fmt::format(" (request {})", request_id.substr(0, 64));
  return {.kind = kind_of(reply.status),
          .message = std::move(message),
          .status = reply.status,
          .code = std::move(code),
          .retry_after_ms =
              std::min(net::retry_after_of(reply.headers, now), blob_retry_after_max) / 1ms};
}

Error attribute_error(Error error) {
  constexpr std::string_view codes[] = {"APINotImplemented",
                                        "AccessTierNotSupportedForBlobType",
                                        "BlobAccessTierNotSupportedForAccountType",
                                        "BlobOperationNotSupported",
                                        "FeatureNotSupportedForAccount",
                                        "FeatureNotYetSupportedForHierarchicalNamespaceAccounts"};
  if (error.status == 501 || std::ranges::find(codes, error.code) != std::end(codes)) {
    error.kind = ErrorKind::invalid;
    error.code = blob_not_supported_code;
  }
  return error;
}

std::optional<StorageTier> rehydration_of(std::string_view archive_status) {
  constexpr std::string_view pending = "rehydrate-pending-to-";
  if (!archive_status.starts_with(pending)) return std::nullopt;
  return parse_storage_tier(archive_status.substr(pending.size()));
}

std::string unquoted(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

}  // namespace earshot::blob::detail
