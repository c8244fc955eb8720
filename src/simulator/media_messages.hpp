#pragma once
// The text messages of the media socket. Outwards as ACS writes them (PascalCase kinds, camelCase
// members); inwards whatever Microsoft's own producers send: keys and kinds without regard to case,
// unknown members ignored, dispatch on the kind alone.

#include "base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::simulator {

std::string audio_metadata_message(std::string_view subscription_id, std::uint32_t rate_hz,
                                   std::uint32_t frame_bytes);

// How a frame without speech looks.
enum class SilentFrames {
  with_samples,  // silent: true, and the samples
  empty_data,    // silent: true, "data":""
  no_data,       // silent: true, no data member
  not_marked,    // silent: false
};

struct AudioMessage {
  std::string_view timestamp;
  std::string_view participant_raw_id;  // empty: the member is absent
  std::span<const std::int16_t> samples;
  bool silent = false;
  SilentFrames form = SilentFrames::with_samples;
};
std::string audio_data_message(const AudioMessage& message);
std::string dtmf_message(std::string_view tone);

enum class InboundKind { audio, stop_audio, other, bad };
struct InboundMessage {
  InboundKind kind = InboundKind::bad;
  std::vector<std::int16_t> samples;
  std::string problem;  // of a bad one
};
InboundMessage decode_inbound(std::string_view text);

}  // namespace earshot::simulator
