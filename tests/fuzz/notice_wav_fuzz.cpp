// links: bridge
#include "bridge/unreachable_notice.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto notice = earshot::bridge::read_notice_wav({data, size});
  if (!notice) return 0;
  if (notice->samples.empty() || notice->samples.size() > size) std::abort();
  if (notice->sample_rate_hz < 8000 || notice->sample_rate_hz > 48000) std::abort();
  return 0;
}
