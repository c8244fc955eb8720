#pragma once
// Any bytes as one line of valid text, and back, losing nothing: backslash, line feed, carriage
// return, NUL and every byte that is no part of well-formed UTF-8 are written \\, \n, \r, \xHH.
// A record is lines of "name=text\n"; names may come again (lists) and unknown ones are passed
// over, so that an older program can read what a newer one has written.

#include <optional>
#include <string>
#include <string_view>

namespace earshot::store {

std::string escape_text(std::string_view bytes);
// nullopt: not what escape_text() gives.
std::optional<std::string> unescape_text(std::string_view text);

class FieldWriter {
 public:
  // Empty values are left out.
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, long long value);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

struct Field {
  std::string_view name;
  std::string value;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : rest_(text) {}
  // nullopt at the end, or at a line that is none of ours (then damaged()).
  std::optional<Field> next();
  bool damaged() const { return damaged_; }

 private:
  std::string_view rest_;
  bool damaged_ = false;
};

}  // namespace earshot::store
