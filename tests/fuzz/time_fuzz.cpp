// links: base
// A time that was read is written and read again as the same time.
#include "base/bytes.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <cstdlib>

using namespace earshot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto time = parse_iso8601(text)) {
    // An offset can carry the first and last year over the edge of what four digits say.
    const bool has_four_digits = *time >= parse_iso8601("0000-01-01T00:00:00Z") &&
                                 *time <= parse_iso8601("9999-12-31T23:59:59.999999Z");
    if (has_four_digits && parse_iso8601(to_iso8601(*time)) != time) std::abort();
  }
  if (const auto time = parse_http_date(text))
    if (parse_http_date(to_http_date(*time)) != time) std::abort();
  return 0;
}
