// links: voice_live
// Messages of the assistant's service are read by a quick walker, and by a JSON parser when they
// are not of the usual shape: whatever the bytes, the two agree on what they both can read.
#include "voice_live/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

using namespace earshot;
using namespace earshot::voice_live;

void require(bool holds) {
  if (!holds) std::abort();
}

const AssistantAudio* audio_of(const ServerMessage& message) {
  const auto* event = std::get_if<AssistantEvent>(&message);
  return event ? std::get_if<AssistantAudio>(event) : nullptr;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  ServerMessageDecoder decoder;
  const auto message = decoder.decode(text);
  const auto* audio = audio_of(message);
  if (!audio) return 0;
  // Nesting is what the walker does not take.
  const auto close = text.rfind('}');
  require(close != std::string::npos);
  const auto nested = text.substr(0, close) + ",\"\":{}}";
  ServerMessageDecoder other;
  const auto again = other.decode(nested);
  const auto* same = audio_of(again);
  require(same != nullptr && same->base64 == audio->base64);
  require(same->response_id == audio->response_id && same->item_id == audio->item_id);
  return 0;
}
