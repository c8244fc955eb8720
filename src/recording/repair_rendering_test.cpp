#include "recording/repair_rendering.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <numbers>

using namespace earshot;
using namespace earshot::recording;

namespace {

constexpr std::uint32_t rate = 16'000;
constexpr std::int64_t fade = fade_ms * rate / 1000;
const std::vector<ChannelSides> one_mixed_channel = sides_on({Voice::unknown});

TapStretch tap_of(std::int64_t first, std::int64_t frames,
                  const std::function<float(std::int64_t)>& caller,
                  const std::function<float(std::int64_t)>& assistant) {
  TapStretch tap{.first = first, .samples = {}};
  for (std::int64_t i = first; i < first + frames; ++i) {
    tap.samples.push_back(caller(i));
    tap.samples.push_back(assistant(i));
  }
  return tap;
}

float silent(std::int64_t) { return 0; }

std::vector<std::int16_t> rendered(const FillPlan& plan, const TapStretch& tap) {
  Bytes bytes;
  render(plan, tap, rate, plan.first, plan.frames, bytes);
  std::vector<std::int16_t> out;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    out.push_back(static_cast<std::int16_t>(bytes[i] | bytes[i + 1] << 8));
  return out;
}

FillPlan plan_of(std::int64_t first, std::int64_t frames) {
  FillPlan plan;
  plan.first = first;
  plan.frames = frames;
  plan.channels = one_mixed_channel;
  return plan;
}

}  // namespace

TEST_CASE("each side is put where its own delay says") {
  auto plan = plan_of(1'000, 4'000);
  plan.sides[0].delay_before = plan.sides[0].delay_after = -30;
  plan.sides[1].delay_before = plan.sides[1].delay_after = 250;
  // A single sample of each in the tap.
  const auto tap = tap_of(
      0, 8'000, [](std::int64_t i) { return i == 2'030 ? 1'000.0F : 0.0F; },
      [](std::int64_t i) { return i == 2'750 ? 500.0F : 0.0F; });

  const auto out = rendered(plan, tap);

  REQUIRE(out.size() == 4'000);
  CHECK(out[1'000] == 1'000);
  CHECK(out[2'000] == 500);
  int others = 0;
  for (const auto sample : out) others += sample != 0 ? 1 : 0;
  CHECK(others == 2);
}

TEST_CASE("unmixed channels get their own side, one of a third party stays silent") {
  auto plan = plan_of(0, 1'000);
  plan.channels = sides_on({Voice::assistant, Voice::caller, Voice::other});
  const auto tap =
      tap_of(0, 1'000, [](std::int64_t) { return 100.0F; }, [](std::int64_t) { return 300.0F; });

  const auto out = rendered(plan, tap);

  CHECK(out[3 * 500] == 300);
  CHECK(out[3 * 500 + 1] == 100);
  CHECK(out[3 * 500 + 2] == 0);
}

TEST_CASE("at a seam there is no step, whatever the recording's last sample was") {
  auto plan = plan_of(0, 2'000);
  plan.sample_before = {8'000};
  plan.sample_after = {-6'000};
  const auto tap = tap_of(-10, 2'020, [](std::int64_t) { return 1'000.0F; }, silent);

  const auto out = rendered(plan, tap);

  CHECK(std::abs(out.front() - 8'000) < 300);
  CHECK(std::abs(out.back() + 6'000) < 300);
  CHECK(out[fade + 1] == 1'000);
  CHECK(out[2'000 - fade - 2] == 1'000);
  int largest = 0;
  for (std::size_t i = 1; i < out.size(); ++i)
    largest = std::max(largest, std::abs(out[i] - out[i - 1]));
  CHECK(largest < 250);
}

TEST_CASE("where nothing joins, the sound comes up from silence") {
  const auto plan = plan_of(0, 2'000);
  const auto tap = tap_of(0, 2'000, [](std::int64_t) { return 10'000.0F; }, silent);

  const auto out = rendered(plan, tap);

  CHECK(std::abs(out.front()) < 50);
  CHECK(std::abs(out.back()) < 50);
  CHECK(out[1'000] == 10'000);
}

TEST_CASE("a delay changes at its turn, crossfaded, and the level is limited") {
  auto plan = plan_of(0, 4'000);
  plan.sides[0] = {.delay_before = 0, .delay_after = 1'000, .turn = 2'000, .gain = 4};
  // Loud before 1500 of the tap's time, quiet after.
  const auto tap =
      tap_of(-2'000, 8'000, [](std::int64_t i) { return i < 1'500 ? 20'000.0F : 100.0F; }, silent);

  const auto out = rendered(plan, tap);

  CHECK(out[1'000] == 32'767);
  CHECK(out[1'800] == 400);
  CHECK(out[2'000 + fade] == 32'767);
  CHECK(out[2'600] == 400);
}

TEST_CASE("rendering in pieces gives the same bytes as at once") {
  auto plan = plan_of(-100, 5'000);
  plan.sides[1].delay_before = 77;
  plan.sides[1].delay_after = 99;
  plan.sides[1].turn = 2'300;
  plan.sample_before = {500};
  const auto wave = [](std::int64_t i) {
    return static_cast<float>(3'000 * std::sin(static_cast<double>(i) * 0.05));
  };
  const auto tap = tap_of(-400, 6'000, wave, wave);
  Bytes whole;
  render(plan, tap, rate, plan.first, plan.frames, whole);

  Bytes pieces;
  for (std::int64_t at = 0; at < plan.frames; at += 333)
    render(plan, tap, rate, plan.first + at, std::min<std::int64_t>(333, plan.frames - at), pieces);

  CHECK((pieces == whole));
}

TEST_CASE("what is needed of the tap covers every delay") {
  auto plan = plan_of(0, 10'000);
  plan.sides[0] = {.delay_before = -40, .delay_after = 10};
  plan.sides[1] = {.delay_before = 300, .delay_after = 500};

  const auto need = tap_needed(plan, 2'000, 1'000);

  CHECK(need.first == 1'500);
  CHECK(need.first + need.frames == 3'040);
}

TEST_CASE("a side's level is learnt where it speaks alone") {
  const auto tone = [](double hz, double level) {
    return [hz, level](std::int64_t i) {
      return static_cast<float>(
          level * std::sin(2 * std::numbers::pi * hz * static_cast<double>(i) / rate));
    };
  };
  // The caller in the first second, the assistant in the second, both in the third.
  const auto caller = tone(300, 4'000);
  const auto assistant = tone(500, 6'000);
  const auto in = [](std::int64_t i, double from, double to) {
    return static_cast<double>(i) >= from * rate && static_cast<double>(i) < to * rate;
  };
  const auto tap = tap_of(
      0, std::int64_t{3} * rate,
      [&](std::int64_t i) { return in(i, 0, 1) || in(i, 2, 3) ? caller(i) : 0.0F; },
      [&](std::int64_t i) { return in(i, 1, 3) ? assistant(i) : 0.0F; });
  // In the recording the caller is twice as loud, the assistant half, and 100 frames later.
  std::vector<std::int16_t> recorded;
  recorded.reserve(std::size_t{3} * rate);
  for (std::int64_t i = 0; i < std::int64_t{3} * rate; ++i)
    recorded.push_back(static_cast<std::int16_t>(2 * tap.at(i, 0) + 0.5F * tap.at(i - 100, 1)));
  LevelMatch match(rate, one_mixed_channel);

  match.compare(recorded, 0, tap, {0, 100});

  CHECK(match.gain(Speaker::caller) == doctest::Approx(2).epsilon(0.02));
  CHECK(match.gain(Speaker::assistant) == doctest::Approx(0.5).epsilon(0.02));

  LevelMatch nothing(rate, one_mixed_channel);
  nothing.compare(std::span(recorded).first(2'000), 0, tap, {0, 100});
  CHECK(nothing.gain(Speaker::caller) == 1);
  CHECK(nothing.gain(Speaker::assistant) == 1);
}

TEST_CASE("a recording that lost a side does not teach its level") {
  const auto tap =
      tap_of(0, rate, [](std::int64_t i) { return i % 2 == 0 ? 5'000.0F : -5'000.0F; }, silent);
  LevelMatch match(rate, one_mixed_channel);

  match.compare(std::vector<std::int16_t>(rate, 0), 0, tap, {0, 0});

  CHECK(match.gain(Speaker::caller) == 1);
}

TEST_CASE("a delay turns where the side is quiet, and half way when it never is") {
  const SidePlacing placing{.delay_before = 0, .delay_after = 800};
  const auto pause = tap_of(
      0, 20'000,
      [](std::int64_t i) {
        return i > 6'000 && i < 8'500 ? 0.0F : static_cast<float>(i % 97) * 50;
      },
      silent);

  const auto turn = quietest_place(pause, 0, placing, 2'000, 14'000, rate);

  CHECK(turn > 6'800);
  CHECK(turn < 8'500);

  const auto level = tap_of(0, 20'000, [](std::int64_t) { return 500.0F; }, silent);
  CHECK(std::abs(quietest_place(level, 0, placing, 2'000, 14'000, rate) - 8'000) < 320);
}
