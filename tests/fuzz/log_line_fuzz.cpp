// links: base
// No value, key or message can end a line, send a terminal sequence, or close a quote of JSON.
#include "base/bytes.hpp"
#include "base/detail/log_line.hpp"

#include <cstdint>
#include <cstdlib>

using namespace earshot;

namespace {

// Quotes that no backslash takes away: those around the keys and values, and no more.
int bare_quotes(std::string_view line) {
  int count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      ++count;
    }
  }
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view value = as_text({data, size});
  const std::string text = detail::text_line(value, {{"value", value}});
  const std::string json = detail::json_members(value, {{"value", value}});
  for (const std::string& line : {text, json})
    for (const char c : line)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) std::abort();
  if (bare_quotes(json) != 8 || bare_quotes(text) > 2) std::abort();
  return 0;
}
