#pragma once
// Messages of ACS's media-streaming socket. Pure. Made for 50 messages a second and call: the usual
// message is read in place, without a copy; any other spelling of it goes to a JSON parser.

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace earshot::acs {

struct MediaMetadata {
  std::string encoding;
  std::int64_t sample_rate_hz = 0;
  std::int64_t channels = 0;
  std::int64_t frame_bytes = 0;  // 0: not said
};
struct MediaAudio {
  std::string_view base64;  // of whole samples; empty: the frame came without data
  std::optional<WallTime> timestamp;
  bool silent = false;  // said so, or came without data
};
struct MediaDtmf {
  std::string tone;
};
// A kind we do not know: nothing is wrong with it.
struct MediaUnknown {};
struct MediaNonsense {
  std::string what;  // never quotes the message
};
using MediaMessage =
    std::variant<MediaMetadata, MediaAudio, MediaDtmf, MediaUnknown, MediaNonsense>;

class MediaDecoder {
 public:
  // Views in the result live as long as `text` and until the next decode(). Keys and kinds are
  // compared without case.
  MediaMessage decode(std::string_view text);

 private:
  MediaMessage decode_slowly(std::string_view text);
  std::string copy_;  // the data of a message that was not of the usual shape
};

// {"Kind":"AudioData","AudioData":{"Data":"…"},"StopAudio":null}: of the spellings that
// Microsoft's own producers use, the one two of them share.
std::string encode_audio(std::string_view base64);
std::string encode_stop_audio();

// Padded base64 of whole 16-bit samples.
bool is_base64_of_samples(std::string_view text);

}  // namespace earshot::acs
