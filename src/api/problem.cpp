#include "api/problem.hpp"

#include "ports/blob_store.hpp"

namespace earshot::api {

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::invalid:
      return 400;
    case ErrorKind::refused:
      return 403;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::corrupt:
      return 502;
  }
  return 500;
}

net::HttpResponse problem(int status, std::string_view code, std::string_view message) {
  return net::problem_response(status, code, message);
}

net::HttpResponse problem(const Error& error) {
  const auto code = is_archived(error) ? "archived" : to_text(error.kind);
  net::HttpResponse response = problem(http_status(error.kind), code, error.message);
  if (error.retry_after_ms > 0)
    response.headers.set("Retry-After", std::to_string((error.retry_after_ms + 999) / 1000));
  return response;
}

}  // namespace earshot::api
