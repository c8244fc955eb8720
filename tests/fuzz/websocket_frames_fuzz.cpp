// links: net
// The first byte says whose frames follow and in which pieces they are read. However the bytes are
// cut, the frames are the same; what is a message is sound; and what is written as it was read is
// read as it was written.
#include "net/websocket_frames.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace earshot::net::rfc6455;

constexpr std::size_t message_bytes_max = 5000;

struct Seen {
  Frame::Kind kind;
  std::string data;
  bool is_binary;
  std::uint16_t code;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> read(std::string_view bytes, bool masked, std::size_t piece_max) {
  FrameReader reader(masked, message_bytes_max);
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    const auto room = reader.room();
    if (room.empty()) std::abort();
    const auto part = bytes.substr(0, std::min(room.size(), piece_max));
    std::ranges::copy(part, room.begin());
    reader.received(part.size());
    bytes.remove_prefix(part.size());
    for (auto frame = reader.next(); frame.kind != Frame::Kind::incomplete; frame = reader.next()) {
      seen.push_back({frame.kind, std::string(frame.data), frame.is_binary, frame.code});
      if (frame.kind == Frame::Kind::fault) return seen;
    }
  }
  return seen;
}

void check_again(const std::vector<Seen>& seen) {
  std::string bytes;
  for (const auto& frame : seen) {
    if (frame.data.size() > message_bytes_max) std::abort();
    switch (frame.kind) {
      case Frame::Kind::message:
        if (!frame.is_binary && !is_utf8(frame.data)) std::abort();
        append_frame(frame.is_binary ? Opcode::binary : Opcode::text, frame.data,
                     MaskKey{1, 2, 3, 4}, bytes);
        break;
      case Frame::Kind::ping:
        append_frame(Opcode::ping, frame.data, MaskKey{}, bytes);
        break;
      case Frame::Kind::pong:
        append_frame(Opcode::pong, frame.data, MaskKey{5, 6, 7, 8}, bytes);
        break;
      case Frame::Kind::close:
        append_frame(Opcode::close, close_payload(frame.code, frame.data), MaskKey{9}, bytes);
        break;
      case Frame::Kind::fault:
      case Frame::Kind::incomplete:
        break;
    }
  }
  auto expected = seen;
  if (!expected.empty() && expected.back().kind == Frame::Kind::fault) expected.pop_back();
  if (read(bytes, true, bytes.size()) != expected) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const bool masked = (data[0] & 1) != 0;
  const std::size_t piece = (data[0] >> 1) + std::size_t{1};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto seen = read(bytes, masked, bytes.size());
  if (read(bytes, masked, piece) != seen) std::abort();
  check_again(seen);
  return 0;
}
