#pragma once
// Text that must not be printed: credentials, and personal data that a log line has to mention. It
// prints as ***; only `reveal()` gives the text, so that a search for it finds every place that
// uses one.

#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>

namespace earshot {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  const std::string& reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

}  // namespace earshot

template <>
struct fmt::formatter<earshot::Secret> : fmt::formatter<std::string_view> {
  auto format(const earshot::Secret&, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
