#include "recording/tap_samples.hpp"

#include "domain/sample_hash.hpp"
#include "recording/tap_runs.hpp"
#include "recording/tap_uploader.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

constexpr std::uint32_t rate = 16'000;

// Samples that say where they are: the caller counts frames, the assistant counts them downwards.
std::int16_t caller_at(std::uint64_t frame) { return static_cast<std::int16_t>(frame % 20'011); }
std::int16_t assistant_at(std::uint64_t frame) {
  return static_cast<std::int16_t>(-1 - static_cast<int>(frame % 17'003));
}

class Counted : public ByteSource {
 public:
  explicit Counted(Bytes bytes) : bytes_(std::move(bytes)) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    ++reads;
    const auto from = std::min<std::uint64_t>(offset, bytes_.size());
    const auto to = from + std::min<std::uint64_t>(length, bytes_.size() - from);
    bytes_read += to - from;
    co_return Bytes(bytes_.begin() + static_cast<std::ptrdiff_t>(from),
                    bytes_.begin() + static_cast<std::ptrdiff_t>(to));
  }
  int reads = 0;
  std::uint64_t bytes_read = 0;

 private:
  Bytes bytes_;
};

// A tap of blocks of 200 ms at [from, to) seconds, as the bridge writes it.
Bytes tap_of(const std::vector<std::pair<double, double>>& stretches) {
  Bytes out;
  append_tap_header({.sample_rate_hz = rate}, out);
  for (const auto& [from, to] : stretches)
    for (auto at = static_cast<std::uint64_t>(from * rate);
         at < static_cast<std::uint64_t>(to * rate);) {
      const auto left = static_cast<std::uint64_t>(to * rate) - at;
      const auto count = std::min<std::uint64_t>({left, rate / 5, rate - at % rate});
      std::vector<std::int16_t> samples;
      for (std::uint64_t i = at; i < at + count; ++i) {
        samples.push_back(caller_at(i));
        samples.push_back(assistant_at(i));
      }
      SampleHash unused;
      append_tap_block(static_cast<std::uint32_t>(at / rate), static_cast<std::uint32_t>(at % rate),
                       samples, unused, out);
      at += count;
    }
  return out;
}

struct Taps : RecordedCall {
  std::unique_ptr<TapSamples> open(std::vector<Bytes> runs) {
    std::vector<std::unique_ptr<TapRunBytes>> opened;
    for (auto& bytes : runs) {
      const auto size = bytes.size();
      auto source = std::make_unique<Counted>(std::move(bytes));
      counted.push_back(source.get());
      auto run = wait(TapRunBytes::open(std::move(source), size));
      REQUIRE(run.has_value());
      opened.push_back(std::move(*run));
    }
    auto samples = TapSamples::join(std::move(opened));
    REQUIRE(samples.has_value());
    return std::move(*samples);
  }
  // Wrong frames in what is read, of which `held` says whether the tap has them.
  template <class Held>
  std::uint64_t wrong(TapSamples& tap, std::uint64_t first, std::uint64_t count, const Held& held) {
    auto bytes = wait(tap.read(first, count));
    REQUIRE(bytes.has_value());
    REQUIRE(bytes->size() == count * 4);
    std::uint64_t bad = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto sample = [&](std::size_t at) {
        return static_cast<std::int16_t>((*bytes)[at] | (*bytes)[at + 1] << 8);
      };
      const bool there = held(first + i);
      bad += sample(4 * i) != (there ? caller_at(first + i) : 0) ||
                     sample(4 * i + 2) != (there ? assistant_at(first + i) : 0)
                 ? 1
                 : 0;
    }
    return bad;
  }
  std::vector<Counted*> counted;
};

bool within(std::uint64_t frame, double from, double to) {
  return static_cast<double>(frame) >= from * rate && static_cast<double>(frame) < to * rate;
}

}  // namespace

TEST_CASE("a tap reads as samples by call time, with silence where it holds nothing") {
  Taps taps;
  const auto tap = taps.open({tap_of({{1.4, 9.3}, {20, 24.5}})});
  const auto held = [](std::uint64_t f) { return within(f, 1.4, 9.3) || within(f, 20, 24.5); };

  CHECK(tap->frames() == static_cast<std::uint64_t>(24.5 * rate));
  for (std::uint64_t at = 0; at < std::uint64_t{30} * rate; at += 12'345)
    CHECK(taps.wrong(*tap, at, 12'345, held) == 0);
  SeededRandom random(5);
  for (int i = 0; i < 100; ++i)
    CHECK(taps.wrong(*tap, random.next_below(std::uint64_t{26} * rate),
                     1 + random.next_below(30'000), held) == 0);
}

TEST_CASE(
    "any second of a long tap costs some twenty reads at most, and one behind the other costs "
    "one") {
  Taps taps;
  const auto tap = taps.open({tap_of({{0, 1'000}, {1'500, 1'800}})});
  auto& reads = *taps.counted.front();
  const auto held = [](std::uint64_t f) { return within(f, 0, 1'000) || within(f, 1'500, 1'800); };
  SeededRandom random(9);
  int most = 0;
  for (int i = 0; i < 60; ++i) {
    const auto before = reads.reads;
    CHECK(taps.wrong(*tap, random.next_below(1'790ull * rate), rate, held) == 0);
    most = std::max(most, reads.reads - before);
  }
  CHECK(most <= 20);

  REQUIRE(taps.wait(tap->read(100ull * rate, rate)).has_value());
  const auto before = reads.bytes_read;
  for (std::uint64_t second = 101; second < 201; ++second)
    CHECK(taps.wrong(*tap, second * rate, rate, held) == 0);
  // Each byte about once.
  CHECK(reads.bytes_read - before < 100ull * rate * 4 * 5 / 4);
}

TEST_CASE("runs of one call stand beside each other, each in its own time") {
  Taps taps;
  const auto tap = taps.open({tap_of({{0, 5}}), tap_of({{7, 9}})});
  const auto held = [](std::uint64_t f) { return within(f, 0, 5) || within(f, 7, 9); };

  CHECK(taps.wrong(*tap, 0, std::uint64_t{10} * rate, held) == 0);
  auto there = taps.wait(tap->there_is({1s, 8s}));
  REQUIRE(there.has_value());
  CHECK(*there == std::vector<Stretch>{{1s, 5s}, {7s, 8s}});
}

TEST_CASE("a damaged block is silence, and the rest stays where it is") {
  auto bytes = tap_of({{0, 4}});
  // Somewhere in the block of 1.0 to 1.2 s.
  bytes[tap_header_bytes + 5 * (tap_block_header_bytes + 12'800) + 5'000] ^= 1;
  bytes.resize(bytes.size() - 3);  // and the last one is torn
  Taps taps;
  const auto tap = taps.open({bytes});
  const auto held = [](std::uint64_t f) { return within(f, 0, 3.8) && !within(f, 1, 1.2); };

  CHECK(tap->frames() == static_cast<std::uint64_t>(3.8 * rate));
  CHECK(taps.wrong(*tap, 0, std::uint64_t{4} * rate, held) == 0);
  auto there = taps.wait(tap->there_is({0s, 4s}));
  REQUIRE(there.has_value());
  CHECK(*there == std::vector<Stretch>{{0s, 1s}, {1200ms, 3800ms}});
}

TEST_CASE("a tap without a whole block is corrupt") {
  Taps taps;
  auto bytes = tap_of({{0, 0.2}});
  bytes.resize(bytes.size() - 1);
  const auto size = bytes.size();

  auto torn = taps.wait(TapRunBytes::open(std::make_unique<Counted>(bytes), size));
  auto other = taps.wait(TapRunBytes::open(std::make_unique<Counted>(Bytes(500, 7)), 500));

  REQUIRE_FALSE(torn.has_value());
  CHECK(torn.error().kind == ErrorKind::corrupt);
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().kind == ErrorKind::corrupt);
}

TEST_CASE(
    "a call's runs are found in the spool and in the blob store, and one that moves is read on") {
  Taps taps;
  const auto run = [&](std::uint32_t number) {
    return witness_blob(taps.call.received_at, taps.call.id, number, SpoolKind::tap);
  };
  CHECK(taps.wait(open_tap(taps.blobs, taps.spool, taps.call)).error().kind ==
        ErrorKind::not_found);
  const auto first = tap_of({{0, 3}});
  auto writing = taps.spool.start_run(taps.call.id);
  REQUIRE(writing->append(SpoolKind::tap, first));
  taps.put_blob(run(1).text, tap_of({{4, 6}}));
  taps.put_blob(run(2).text, Bytes(200, 1));

  auto tap = taps.wait(open_tap(taps.blobs, taps.spool, taps.call));

  REQUIRE(tap.has_value());
  CHECK(tap->runs_unusable == 1);
  const auto held = [](std::uint64_t f) { return within(f, 0, 3) || within(f, 4, 6); };
  CHECK(taps.wrong(*tap->samples, 0, std::uint64_t{7} * rate, held) == 0);

  taps.put_blob(run(0).text, first);
  writing->finish();
  REQUIRE(taps.wait(taps.spool.remove(taps.call.id, 0)).has_value());
  CHECK(taps.wrong(*tap->samples, 0, std::uint64_t{7} * rate, held) == 0);
  auto later = taps.wait(open_tap(taps.blobs, taps.spool, taps.call));
  REQUIRE(later.has_value());
  CHECK(later->identity == tap->identity);
}
