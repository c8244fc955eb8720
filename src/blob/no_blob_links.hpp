#pragma once
// Where blobs are kept by what has no links of its own: a directory, memory.

#include "ports/blob_links.hpp"

namespace earshot::blob {

class NoBlobLinks : public BlobLinks {
 public:
  Task<Result<BlobLink>> make_link(BlobLinkRequest) override {
    co_return fail(ErrorKind::conflict,
                   "recordings are kept in a directory, which has no links to single files: make a "
                   "signed link to the recording's audio instead");
  }
};

}  // namespace earshot::blob
