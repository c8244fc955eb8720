#pragma once
// A key that a service makes for itself once: base64 in a file of the data folder, for this user
// alone.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>

namespace earshot::app {

// What is in the file, or what `make` gives, which is then in it, durably. `what` names the key in
// the sentence for the operator when the file cannot be read or written, is open to others, or
// holds no base64 of `bytes` bytes: a file that was emptied must not become a key that anybody has.
Result<Bytes> load_key_file(const std::filesystem::path& path, std::string_view what,
                            std::size_t bytes, const std::function<Bytes()>& make);

}  // namespace earshot::app
