// links: mp3 recording net
// The whole input is a chunk; it is read from the beginning, then from the middle, with FFmpeg's
// decoder behind.
#include "mp3/mp3_decoder.hpp"
#include "net/testing/test_runtime.hpp"
#include "recording/mp3_samples.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

using namespace earshot;

namespace {

class Memory : public recording::ByteSource {
 public:
  explicit Memory(ByteView file) : file_(file) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    const auto from = std::min<std::uint64_t>(offset, file_.size());
    const auto piece = file_.subspan(from, std::min<std::uint64_t>(length, file_.size() - from));
    co_return Bytes(piece.begin(), piece.end());
  }

 private:
  ByteView file_;
};

void check_read(recording::Mp3Samples& samples, std::uint64_t first, std::uint64_t count,
                net::TestRuntime& runtime) {
  count = std::min(count, samples.frames() - first);
  if (count == 0) return;
  const auto bytes = runtime.run_for(samples.read(first, count));
  if (bytes && bytes->size() != count * samples.format().frame_bytes()) std::abort();
  if (!bytes && bytes.error().kind != ErrorKind::corrupt) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static net::TestRuntime runtime;
  static mp3::Mp3Decoders decoders;
  static InlineOffload offload;
  auto opened = runtime.run_for(
      recording::Mp3Samples::open(std::make_unique<Memory>(ByteView(data, size)), "chunk", size,
                                  {.decoders = decoders, .offload = offload}));
  if (!opened) {
    if (opened.error().kind != ErrorKind::corrupt) std::abort();
    return 0;
  }
  auto& samples = **opened;
  // No frame has more samples than 1152, nor fewer bytes than 24.
  if (samples.frames() > (size / 24 + 1) * 1'152) std::abort();
  check_read(samples, 0, 3'000, runtime);
  check_read(samples, samples.frames() / 2, 5'000, runtime);
  check_read(samples, 0, 10, runtime);
  return 0;
}
