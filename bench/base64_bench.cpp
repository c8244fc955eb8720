// links: base
// How fast is base64? Every audio frame of every call is decoded once, so this is a floor under the
// bridge's cost. Beside ours, in the same run and on the same frames, libcrypto's, which is what
// one would otherwise take.
#include "base/base64.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <openssl/evp.h>

namespace {

using namespace earshot;

// 20 ms of 24 kHz mono, 16 bits a sample.
constexpr std::size_t frame_bytes = 960;
constexpr int frames_per_round = 50'000;
constexpr int rounds = 7;
// A call has fifty frames a second in each direction.
constexpr double frames_per_call_second = 100;

Bytes make_frame() {
  SeededRandom random(1);
  Bytes frame(frame_bytes);
  for (auto& byte : frame) byte = static_cast<std::uint8_t>(random.next_u64());
  return frame;
}

// The best of some rounds: what disturbs a round makes it slower, never faster.
double best_ns_per_frame(const std::function<bool()>& work) {
  double best = 1e12;
  for (int round = 0; round < rounds; ++round) {
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < frames_per_round; ++i)
      if (!work()) std::exit(1);
    const std::chrono::duration<double, std::nano> took =
        std::chrono::steady_clock::now() - started;
    best = std::min(best, took.count() / frames_per_round);
  }
  return best;
}

void print_row(const char* what, double ns, std::size_t text_bytes) {
  fmt::print("{:<28} {:>10.0f} {:>12.0f} {:>22.1f}\n", what, ns,
             static_cast<double>(text_bytes) / ns * 1000, ns * frames_per_call_second / 1000);
}

}  // namespace

int main() {
  const Bytes frame = make_frame();
  const std::string text = base64::encode(frame);
  Bytes decoded;
  std::string encoded;
  Bytes other(text.size());

  const double decode = best_ns_per_frame([&] { return base64::decode_to(text, decoded); });
  const double encode = best_ns_per_frame([&] {
    encoded.clear();
    base64::encode_to(frame, encoded);
    return encoded.size() == text.size();
  });
  const double their_decode = best_ns_per_frame([&] {
    return EVP_DecodeBlock(other.data(), as_bytes(text).data(), static_cast<int>(text.size())) > 0;
  });
  if (decoded != frame || encoded != text) return 1;

  fmt::print("{:<28} {:>10} {:>12} {:>22}\n", "frames of 960 bytes", "ns/frame", "MB/s (text)",
             "us per call-second");
  print_row("decode", decode, text.size());
  print_row("encode", encode, text.size());
  print_row("decode, libcrypto", their_decode, text.size());
  return 0;
}
