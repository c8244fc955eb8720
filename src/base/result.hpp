#pragma once
// How a function says that it may fail: `Result<T>`. What depends on the world or on input is a
// value of this type; a bug is CHECK_INVARIANT (invariant.hpp); an exception is for what no caller
// can mend.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

// Kinds exist only where some caller branches on them.
enum class ErrorKind {
  not_found,    // it is not there
  conflict,     // it is there, and is something else; or the state forbids it
  invalid,      // the input is wrong; retrying cannot help
  refused,      // the other side said no (credentials, policy)
  unavailable,  // worth retrying: network, overload, 5xx
  corrupt,      // stored or received bytes contradict themselves
};

std::string_view to_text(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::unavailable;
  // A sentence for the operator; context grows outward. Never a secret, number or transcript.
  std::string message;
  // Codes of the other side, when there are any: HTTP status, ACS's sub-code text ("8522"), Blob's
  // error code.
  int status = 0;
  std::string code;
  // The other side's word on when to come back (Retry-After), in milliseconds; 0 = none.
  long long retry_after_ms = 0;
};

inline bool worth_retrying(const Error& error) { return error.kind == ErrorKind::unavailable; }

using Failure = std::unexpected<Error>;

// std::expected under our own name, so that dropping one is a compile error. Never compare two
// Results.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

inline Result<void> ok() { return {}; }

inline Failure fail(ErrorKind kind, std::string message) {
  return Failure(Error{.kind = kind, .message = std::move(message)});
}

// The same failure with a sentence in front: "start recording: ACS answered 500".
Failure fail(std::string_view doing, const Error& error);

}  // namespace earshot
