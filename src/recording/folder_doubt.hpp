#pragma once
// What a search for chunks fails with when a folder fits the recording and nothing says that it is
// this one's rather than another's: then neither takes it, and a person is told. Another search may
// find the doubt gone, so this is no end.

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace earshot::recording {

inline constexpr std::string_view folder_in_doubt_code = "folder_in_doubt";

inline Failure folder_in_doubt(std::string sentence) {
  return Failure(Error{.kind = ErrorKind::conflict,
                       .message = std::move(sentence),
                       .status = 0,
                       .code = std::string(folder_in_doubt_code)});
}
inline bool is_folder_in_doubt(const Error& error) { return error.code == folder_in_doubt_code; }

}  // namespace earshot::recording
