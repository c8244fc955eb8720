#include "bridge/pacer.hpp"

#include "base/base64.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace earshot;
using namespace earshot::bridge;

namespace {

constexpr std::uint32_t rate = 24000;

Bytes numbered(std::size_t bytes, std::size_t from = 0) {
  Bytes audio(bytes);
  for (std::size_t i = 0; i < bytes; ++i)
    audio[i] = static_cast<std::uint8_t>((from + i) * 131 + ((from + i) >> 8));
  return audio;
}

std::size_t bytes_of_ms(std::size_t ms) { return ms * rate / 1000 * 2; }

struct Phone {
  Bytes heard;
  std::vector<std::size_t> sizes;
  std::int64_t queued = 0;
  void take_all(Pacer& pacer) {
    while (const auto piece = pacer.take(queued)) {
      Bytes bytes;
      REQUIRE(base64::decode_to(piece->base64, bytes));
      CHECK(bytes.size() == static_cast<std::size_t>(piece->samples) * 2);
      CHECK(static_cast<std::size_t>(piece->first_sample) * 2 == heard.size());
      heard.insert(heard.end(), bytes.begin(), bytes.end());
      sizes.push_back(bytes.size());
      queued += piece->samples;
    }
    pacer.keep();
  }
};

}  // namespace

TEST_CASE("audio within the lead goes out at once with its base64 untouched") {
  Pacer pacer({.rate_hz = rate});
  const std::string text = base64::encode(numbered(bytes_of_ms(100)));

  const PacerOffer offer = pacer.offer(1, 0, text);
  const auto piece = pacer.take(0);

  CHECK(offer.accepted);
  CHECK(offer.samples == 2400);
  REQUIRE(piece.has_value());
  CHECK(piece->base64.data() == text.data());
  CHECK(piece->base64.size() == text.size());
  CHECK_FALSE(pacer.take(2400).has_value());
  CHECK(pacer.empty());
}

TEST_CASE("audio beyond the lead waits and follows when there is room") {
  Pacer pacer({.rate_hz = rate});
  const Bytes audio = numbered(bytes_of_ms(1000));
  const std::string text = base64::encode(audio);
  Phone phone;
  pacer.offer(1, 0, text);
  phone.take_all(pacer);

  CHECK(phone.heard.size() == bytes_of_ms(200));
  CHECK_FALSE(pacer.empty());
  const SteadyTime drained = SteadyTime(1h) + 200ms;
  CHECK(pacer.next_wake(drained) == SteadyTime(1h) + 100ms);

  int wakes = 0;
  while (!pacer.empty() && wakes < 100) {
    phone.queued -= static_cast<std::int64_t>(bytes_of_ms(100) / 2);
    phone.take_all(pacer);
    ++wakes;
  }
  CHECK(phone.heard == audio);
  CHECK(wakes == 8);
  CHECK_FALSE(pacer.next_wake(drained).has_value());
}

TEST_CASE("a backlog of small deltas wakes no more often than one of large ones") {
  Pacer pacer({.rate_hz = rate});
  Phone phone;
  std::size_t at = 0;
  for (int i = 0; i < 50; ++i, at += bytes_of_ms(20)) {
    const std::string text = base64::encode(numbered(bytes_of_ms(20), at));
    pacer.offer(1, static_cast<std::int64_t>(at / 2), text);
    phone.take_all(pacer);
  }
  int wakes = 0;
  while (!pacer.empty() && wakes < 100) {
    phone.queued -= static_cast<std::int64_t>(bytes_of_ms(100) / 2);
    phone.take_all(pacer);
    ++wakes;
  }

  CHECK(wakes == 8);
  CHECK(phone.heard == numbered(at));
  CHECK(phone.sizes == std::vector<std::size_t>(50, bytes_of_ms(20)));
}

TEST_CASE("a sample split between two deltas is put together again") {
  Pacer pacer({.rate_hz = rate});
  const Bytes audio = numbered(1000);
  Phone phone;
  const std::string first = base64::encode(ByteView(audio).first(333));
  const std::string second = base64::encode(ByteView(audio).subspan(333));

  CHECK(pacer.offer(1, 0, first).samples == 166);
  phone.take_all(pacer);
  CHECK(pacer.offer(1, 166, second).samples == 334);
  phone.take_all(pacer);

  CHECK(phone.heard == audio);
  CHECK(pacer.halves_dropped() == 0);
}

TEST_CASE("half a sample at the end of an utterance does not shift the next one") {
  Pacer pacer({.rate_hz = rate});
  Phone first;
  Phone second;
  const Bytes audio = numbered(600);
  pacer.offer(1, 0, base64::encode(numbered(601)));
  first.take_all(pacer);
  const std::string text = base64::encode(audio);
  pacer.offer(2, 0, text);
  second.take_all(pacer);

  CHECK(second.heard == audio);
  CHECK(pacer.halves_dropped() == 1);
}

TEST_CASE("a backlog at its bound drops what comes and counts it") {
  Pacer pacer({.rate_hz = rate, .backlog_max = 1s});
  const std::string text = base64::encode(numbered(bytes_of_ms(400)));
  for (std::int64_t i = 0; i < 4; ++i) {
    pacer.offer(1, i * 9600, text);
    pacer.keep();
  }

  const PacerOffer refused = pacer.offer(1, 4 * 9600, text);

  CHECK_FALSE(refused.accepted);
  CHECK(refused.samples == 9600);
  CHECK(pacer.samples_dropped() == 3 * 9600);
  CHECK(pacer.backlog_samples() == 2 * 9600);
}

TEST_CASE("dropping the backlog leaves only what was to be kept") {
  Pacer pacer({.rate_hz = rate});
  const std::string text = base64::encode(numbered(bytes_of_ms(300)));
  pacer.offer(1, 0, text);
  pacer.keep();
  pacer.offer(2, 0, text);
  pacer.keep();

  pacer.drop(1);
  CHECK(pacer.backlog_samples() == 7200);
  const auto piece = pacer.take(0);
  REQUIRE(piece.has_value());
  CHECK(piece->item == 1);

  pacer.drop();
  CHECK(pacer.empty());
  CHECK_FALSE(pacer.take(0).has_value());
}

TEST_CASE("text of an impossible length is refused") {
  Pacer pacer({.rate_hz = rate});

  CHECK_FALSE(pacer.offer(1, 0, "abc").accepted);
  CHECK(pacer.offer(1, 0, "").accepted);

  CHECK(pacer.deltas_refused() == 1);
  CHECK_FALSE(pacer.take(0).has_value());
}

TEST_CASE(
    "however the audio is cut into deltas and drained, every sample arrives once and in order") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed ", seed);
    std::mt19937_64 random(seed);
    Pacer pacer({.rate_hz = rate,
                 .lead = std::chrono::milliseconds(20 + random() % 300),
                 .piece = std::chrono::milliseconds(10 + random() % 200)});
    const Bytes audio = numbered(2 * (1 + random() % 60000));
    Phone phone;
    std::size_t at = 0;
    std::int64_t samples = 0;
    while (at < audio.size()) {
      const std::size_t take = std::min<std::size_t>(1 + random() % 5000, audio.size() - at);
      const std::string text = base64::encode(ByteView(audio).subspan(at, take));
      const PacerOffer offer = pacer.offer(7, samples, text);
      CHECK(offer.accepted);
      samples += offer.samples;
      at += take;
      phone.take_all(pacer);
      phone.queued =
          std::max<std::int64_t>(0, phone.queued - static_cast<std::int64_t>(random() % 3000));
    }
    for (int i = 0; i < 10000 && !pacer.empty(); ++i) {
      phone.queued = std::max<std::int64_t>(0, phone.queued - 480);
      phone.take_all(pacer);
    }
    CHECK(phone.heard == audio);
    CHECK(pacer.backlog_samples() == 0);
  }
}
