#pragma once
// HTTP/1.1 messages as values, for servers and clients. Header names compare without case; order is
// kept.

#include "base/task.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace earshot::net {

class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}
  // The first value, or nullopt.
  std::optional<std::string_view> find(std::string_view name) const;
  // The first value, or "".
  std::string_view get(std::string_view name) const;
  void add(std::string name, std::string value);
  // Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Reads one body piece by piece. An empty string is the end.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual Task<Result<std::string>> next() = 0;
};

struct HttpRequest {
  std::string method;
  std::string
      target;        // as received: path and query, percent-encoded. What signatures are made over.
  std::string path;  // decoded path, without query
  HttpHeaders headers;
  std::string body;
  std::string peer;  // "127.0.0.1:50123"; for the log of refusals
  // What the route's {name} segments matched, decoded.
  std::vector<std::pair<std::string, std::string>> path_parameters;

  std::string_view path_parameter(std::string_view name) const;
  // First query parameter of that name, decoded (+ is a space).
  std::optional<std::string> query(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  // When set, the body comes from here instead, piece by piece, at the pace of the reader of the
  // socket: sent with Content-Length if `stream_length` is known, chunked if not. HEAD sends
  // that length, and none of the pieces.
  std::unique_ptr<BodyReader> stream;
  std::optional<std::uint64_t> stream_length;
};

HttpResponse text_response(int status, std::string body);
HttpResponse json_response(int status, std::string body);
// An error as every door of Earshot's answers it: application/problem+json (RFC 9457) with `code`,
// a word for programs, and `detail`, a sentence for people; both once more as error.code and
// error.message.
HttpResponse problem_response(int status, std::string_view code, std::string_view detail);
std::string_view reason_phrase(int status);

}  // namespace earshot::net
