#pragma once
// The frames of RFC 6455, pure: what comes in becomes messages and control frames, what goes out
// gets its head and its mask. Knows no socket. Of our own, because the audio path spends itself
// here: a reader that takes what is there at once, hands messages over in the buffer that they came
// in, and a writer that puts all that waits into one piece.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace earshot::net::rfc6455 {

enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

// RFC 6455, section 7.4.
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t none = 1005;  // never on the wire
inline constexpr std::uint16_t lost = 1006;  // never on the wire
inline constexpr std::uint16_t bad_payload = 1007;
inline constexpr std::uint16_t too_big = 1009;
}  // namespace close_code

using MaskKey = std::array<std::uint8_t, 4>;

// Masks or unmasks; `data` begins a payload.
void apply_mask(std::span<char> data, MaskKey key);

// Appends a whole, unfragmented frame. A client masks, a server does not.
void append_frame(Opcode opcode, std::string_view payload, std::optional<MaskKey> mask,
                  std::string& out);
// The payload of a close frame: the code, unless it is `none`, and as much of the reason as fits.
std::string close_payload(std::uint16_t code, std::string_view reason);

bool is_utf8(std::string_view text);

// What the bytes in front of a reader are.
struct Frame {
  enum class Kind : std::uint8_t {
    incomplete,  // more bytes are needed
    message,     // `data` is a whole message, fragments joined
    ping,        // `data` is its payload
    pong,
    close,  // `code` (`none` when it has none) and `data`, the reason
    fault,  // of the peer's; `code` is to be closed with
  };
  Kind kind = Kind::incomplete;
  std::string_view data;
  bool is_binary = false;
  std::uint16_t code = 0;
};

// Bytes in, frames out. Use: read into room(), tell received(), take next() until `incomplete`.
class FrameReader {
 public:
  // `masked`: the peer is a client, whose frames must be masked; a server's must not be.
  FrameReader(bool masked, std::size_t message_bytes_max)
      : masked_(masked), message_bytes_max_(message_bytes_max) {}

  // Invalidates what next() gave. Never empty. Grows while reads fill it, so that one read takes
  // many messages when they pile up, and is small again when they do not.
  std::span<char> room();
  void received(std::size_t bytes);
  // The data stays until the next call of room() or next().
  Frame next();

  // Of the whole; for what a handshake had read too much.
  void put(std::string_view bytes);
  // What is not read yet, for another reader to go on with: this one, and what it gave, can be
  // kept.
  FrameReader rest() const;

  static constexpr std::size_t room_min = 2 << 10;
  static constexpr std::size_t room_max = 16 << 10;  // eleven frames of audio

 private:
  struct Head {
    bool is_final = false;
    Opcode opcode = Opcode::continuation;
    std::size_t bytes = 0;  // of the head itself
    std::uint64_t length = 0;
    MaskKey key{};
  };
  // nullopt: not all there, or, with fault_, wrong.
  std::optional<Head> read_head();
  Frame fault(std::uint16_t code);
  Frame take_control(const Head& head, std::string_view payload);
  Frame take_data(const Head& head, std::string_view payload);
  Frame finish_message(std::string_view data);

  bool masked_;
  std::size_t message_bytes_max_;
  std::string buffer_;  // its size is room and all
  std::size_t begin_ = 0;
  std::size_t end_ = 0;            // of what has been received
  std::size_t wanted_ = 0;         // by the frame that is not whole yet
  std::size_t room_ = room_min;    // of the next read
  std::string joined_;             // the fragments so far
  std::optional<Opcode> joining_;  // text or binary, while there are fragments
  std::uint16_t fault_ = 0;
};

}  // namespace earshot::net::rfc6455
