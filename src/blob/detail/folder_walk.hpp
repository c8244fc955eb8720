#pragma once
// One page of the names below a folder, ascending by the whole name, as if the folder were a flat
// list of names.

#include "base/result.hpp"
#include "ports/blob_store.hpp"

#include <filesystem>

namespace earshot::blob::detail {

// Opens only the folders that can hold a name after the marker and below the prefix.
Result<BlobPage> list_folder(const std::filesystem::path& root, const BlobListRequest& request);

}  // namespace earshot::blob::detail
