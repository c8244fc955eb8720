#include "simulator/echo_path.hpp"

#include <algorithm>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

constexpr std::uint32_t rate = 1000;  // a sample a millisecond
constexpr std::size_t frame = 20;

MediaTrouble echo(Duration at, Duration length, Duration delay, double gain_db) {
  return {.kind = MediaTroubleKind::echo,
          .at = at,
          .length = length,
          .echo_delay = delay,
          .echo_gain_db = gain_db};
}

// What comes in of a caller who says `caller` all the time, while the phone plays `played`.
std::vector<std::int16_t> come_in(EchoPath& path, const std::vector<std::int16_t>& played,
                                  std::int16_t caller = 0) {
  std::vector<std::int16_t> in;
  for (std::size_t at = 0; at < played.size(); at += frame) {
    std::vector<std::int16_t> heard(frame, caller);
    path.add({played.data() + at, frame}, heard);
    in.insert(in.end(), heard.begin(), heard.end());
  }
  return in;
}

}  // namespace

TEST_CASE("what was played comes back later and quieter, to the sample") {
  EchoPath path({echo(0ms, 0ms, 130ms, -20)}, rate);
  std::vector<std::int16_t> played(400);
  for (std::size_t i = 50; i < 90; ++i) played[i] = static_cast<std::int16_t>(1000 + 10 * i);

  const auto in = come_in(path, played);

  CHECK(std::ranges::count_if(in, [](int sample) { return sample != 0; }) == 40);
  for (std::size_t i = 50; i < 90; ++i) CHECK(in[i + 130] == played[i] / 10);
}

TEST_CASE("the caller is heard through an echo, which never overflows") {
  EchoPath path({echo(0ms, 0ms, 0ms, 0)}, rate);
  const auto in = come_in(path, std::vector<std::int16_t>(40, 30'000), 5'000);
  CHECK(std::ranges::all_of(in, [](int sample) { return sample == 32'767; }));
}

TEST_CASE("an echo lasts as long as it is told to, and no other trouble makes one") {
  EchoPath path(
      {{.kind = MediaTroubleKind::stall, .at = 0ms, .length = 1s}, echo(100ms, 60ms, 40ms, 0)},
      rate);
  const auto in = come_in(path, std::vector<std::int16_t>(300, 7));
  for (std::size_t i = 0; i < in.size(); ++i) CHECK(in[i] == (i >= 100 && i < 160 ? 7 : 0));

  EchoPath none({{.kind = MediaTroubleKind::cut, .at = 0ms}}, rate);
  std::vector<std::int16_t> heard(frame);
  CHECK_FALSE(none.add(std::vector<std::int16_t>(frame, 7), heard));
}
