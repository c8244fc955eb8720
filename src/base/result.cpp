#include "base/result.hpp"

#include <fmt/format.h>

namespace earshot {

std::string_view to_text(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::corrupt:
      return "corrupt";
  }
  return "unknown";
}

Failure fail(std::string_view doing, const Error& error) {
  Error outer = error;
  outer.message = fmt::format("{}: {}", doing, error.message);
  return Failure(std::move(outer));
}

}  // namespace earshot
