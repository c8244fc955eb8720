#pragma once
// A link with which anybody who holds it reads one blob until a time: nothing else can be read with
// it, and nothing written. Implementations: blob/azure_blob_links, blob/no_blob_links. One for each
// worker; called on it.

#include "base/secret.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"

#include <string>

namespace earshot {

struct BlobLinkRequest {
  BlobName name;
  WallTime expires_at{};
  std::string file_name;  // under which a browser saves it; "": it decides by itself
};

struct BlobLink {
  // Whoever has it may read, so it is a secret as long as it is good.
  Secret url;
  WallTime expires_at{};  // in whole seconds, not later than asked for
};

class BlobLinks {
 public:
  virtual ~BlobLinks() = default;
  // The blob is not looked at: a link may lead to one that is not there. `conflict` when the way
  // in which storage is configured allows no links, with what to use instead; `invalid` for a time
  // that is past or too far away; otherwise as the service says.
  virtual Task<Result<BlobLink>> make_link(BlobLinkRequest request) = 0;
};

}  // namespace earshot
