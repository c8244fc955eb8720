#include "app/open_files.hpp"

#include <algorithm>
#include <sys/resource.h>

namespace earshot::app {

std::uint64_t raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlimit wanted{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &wanted) == 0) return wanted.rlim_cur;
  return limit.rlim_cur;
}

std::size_t connections_per_worker(std::uint64_t open_files, std::size_t workers) {
  constexpr std::uint64_t least = 64;
  constexpr std::uint64_t most = 10'000;
  const std::uint64_t share = open_files / 2 / std::max<std::size_t>(workers, 1);
  return static_cast<std::size_t>(std::clamp(share, least, most));
}

}  // namespace earshot::app
