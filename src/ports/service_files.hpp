#pragma once
// Files in ACS's own storage, by the locations that RecordingFileStatusUpdated names; kept there
// for 24 hours. Implementation: acs/service_files.

#include "base/bytes.hpp"
#include "base/task.hpp"

#include <cstdint>
#include <string>

namespace earshot {

struct ServicePiece {
  Bytes bytes;
  std::uint64_t file_bytes = 0;  // of the whole file
};

// The `code` of the refusal when the resource is not configured (any longer).
inline constexpr const char* resource_not_configured = "resource_not_configured";

struct ServiceFile {
  std::string resource;  // label of the ACS resource whose recording it is: whose key opens it
  std::string location;
};

class ServiceFiles {
 public:
  virtual ~ServiceFiles() = default;
  // Would `location` be asked at all? `refused`, with the reason, when it is not on a host that
  // ACS's storage is known to have: nothing is then sent, least of all a signature.
  virtual Result<void> check(const std::string& location) const = 0;
  // Exactly `length` bytes from `offset`, or what there is until the file's end. A file of 0 bytes
  // is a success here. `refused` as of check(), also for a redirect, and when ACS refuses our
  // credentials or the resource is not configured; `not_found`: expired or deleted; `unavailable`:
  // all else that may pass.
  virtual Task<Result<ServicePiece>> read(ServiceFile file, std::uint64_t offset,
                                          std::uint64_t length) = 0;
  // Succeeds when it is already gone.
  virtual Task<Result<void>> remove(ServiceFile file) = 0;
};

}  // namespace earshot
