// links: alerts net
// A Retry-After never makes us wait for less than nothing or longer than the bound, and
// no message carries a number out.
#include "alerts/alert_event.hpp"
#include "alerts/delivery_rules.hpp"
#include "base/bytes.hpp"
#include "net/retry_after.hpp"

#include <cstdint>
#include <cstdlib>

using namespace earshot;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto now = from_unix_ms(1'770'000'000'000);
  if (const auto wait = net::parse_retry_after(text, now))
    if (*wait < Duration::zero() || *wait > net::retry_after_max) std::abort();
  const auto clean = alerts::without_numbers(text);
  if (clean.find("+81312345678") != std::string::npos) std::abort();
  return 0;
}
