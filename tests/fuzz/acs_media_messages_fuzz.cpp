// links: acs
// Messages of the media socket are read by a quick walker, and by a JSON parser when they are not
// of the usual shape: whatever the bytes, the two agree on what they both can read.
#include "acs/media_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace earshot;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  acs::MediaDecoder quick;
  acs::MediaDecoder slow;
  const auto message = quick.decode(text);
  // The walker does not take a blank in front; to JSON it means nothing.
  const auto spaced = " " + std::string(text);
  const auto again = slow.decode(spaced);
  require(message.index() == again.index());
  const auto* audio = std::get_if<acs::MediaAudio>(&message);
  if (!audio) return 0;
  const auto& other = std::get<acs::MediaAudio>(again);
  require(audio->base64 == other.base64 && audio->silent == other.silent);
  require(audio->timestamp == other.timestamp);
  require(acs::is_base64_of_samples(audio->base64));
  require(!audio->base64.empty() || audio->silent);
  return 0;
}
