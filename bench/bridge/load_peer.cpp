#include "bench/bridge/load_peer.hpp"

#include "base/base64.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace earshot::bench {

namespace {

constexpr std::size_t read_bytes = 256 << 10;
constexpr std::uint8_t opcode_text = 1;
constexpr std::uint8_t opcode_close = 8;
constexpr std::uint8_t opcode_ping = 9;
constexpr std::uint8_t opcode_pong = 10;
constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t mask_bit = 0x80;

std::string frame_of(std::uint8_t opcode, std::string_view payload, bool masked) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(final_bit | opcode);
  const auto mask = static_cast<std::uint8_t>(masked ? mask_bit : 0);
  if (payload.size() < 126) {
    frame += static_cast<char>(mask | payload.size());
  } else {  // none of ours is longer than 65535
    frame += static_cast<char>(mask | 126U);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xFF);
  }
  if (masked) frame.append(4, '\0');
  frame += payload;
  return frame;
}

void unmask(char* data, std::size_t size, const char* key) {
  std::array<char, 8> twice{};
  std::memcpy(twice.data(), key, 4);
  std::memcpy(twice.data() + 4, key, 4);
  std::uint64_t wide = 0;
  std::memcpy(&wide, twice.data(), 8);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    word ^= wide;
    std::memcpy(data + i, &word, 8);
  }
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ twice[i % 8]);
}

std::string accept_key(std::string_view request) {
  constexpr std::string_view name = "sec-websocket-key:";
  std::string lower(request);
  for (auto& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto at = lower.find(name);
  if (at == std::string::npos) return {};
  auto key = request.substr(at + name.size());
  key = key.substr(0, key.find('\r'));
  while (key.starts_with(' ')) key.remove_prefix(1);
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(as_bytes(text).data(), text.size(), digest.data());
  return base64::encode(digest);
}

}  // namespace

std::string text_frame(std::string_view message, bool from_client) {
  return frame_of(opcode_text, message, from_client);
}

std::size_t frame_head_bytes(std::size_t message_bytes, bool from_client) {
  return (message_bytes < 126 ? 2 : 4) + (from_client ? 4 : 0);
}

LoadPeer::LoadPeer(int fd, PeerKind kind) : fd_(fd), kind_(kind) {
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

LoadPeer::~LoadPeer() {
  if (fd_ >= 0) ::close(fd_);
}

void LoadPeer::ask_upgrade(std::string_view target) {
  send(
      fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0ODw==\r\n\r\n",
                  target));
}

void LoadPeer::send(std::string_view frame) {
  if (has_ended_) return;
  if (!unsent_.empty()) {
    unsent_ += frame;
    return;
  }
  const auto sent = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
    has_ended_ = true;
    return;
  }
  unsent_ = frame.substr(static_cast<std::size_t>(sent < 0 ? 0 : sent));
}

void LoadPeer::flush() {
  auto waiting = std::move(unsent_);
  unsent_.clear();
  if (!waiting.empty()) send(waiting);
}

void LoadPeer::close() {
  if (has_ended_) return;
  send(frame_of(opcode_close, std::string_view("\x03\xE8", 2), kind_ == PeerKind::phone));
}

void LoadPeer::pong(std::string_view payload) {
  send(frame_of(opcode_pong, payload, kind_ == PeerKind::phone));
}

std::size_t LoadPeer::take_handshake(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  const auto head = text.substr(0, end + 4);
  if (kind_ == PeerKind::phone) {
    if (!head.starts_with("HTTP/1.1 101")) {
      fmt::print(stderr, "the service refused a media socket: {}\n",
                 head.substr(0, head.find('\r')));
      has_ended_ = true;
    }
  } else {
    send(
        fmt::format("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    "Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n\r\n",
                    accept_key(head)));
  }
  is_open_ = !has_ended_;
  return head.size();
}

std::size_t LoadPeer::take_frame(char* data, std::size_t size,
                                 const std::function<void(std::string_view)>& on_message) {
  if (size < 2) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(data[i]); };
  const bool masked = (byte(1) & mask_bit) != 0;
  std::uint64_t length = byte(1) & 0x7F;
  std::size_t head = 2;
  const std::size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (size < head + more + (masked ? 4 : 0)) return 0;
  if (more > 0) length = 0;
  for (std::size_t i = 0; i < more; ++i) length = length << 8 | byte(head + i);
  head += more;
  const char* key = data + head;
  if (masked) head += 4;
  if (size - head < length) return 0;
  char* payload = data + head;
  if (masked) unmask(payload, length, key);
  const std::string_view text(payload, length);
  const auto opcode = static_cast<std::uint8_t>(byte(0) & 0x0F);
  if (opcode == opcode_text && (byte(0) & final_bit) != 0) on_message(text);
  if (opcode == opcode_ping) pong(text);
  if (opcode == opcode_close) {
    close();
    has_ended_ = true;
  }
  return head + length;
}

void LoadPeer::read(const std::function<void(std::string_view)>& on_message) {
  static std::vector<char> buffer(read_bytes);
  const std::size_t kept = received_.size();
  if (kept > buffer.size() / 2) {  // no message of the service is so long
    has_ended_ = true;
    return;
  }
  std::memcpy(buffer.data(), received_.data(), kept);
  const auto got = ::recv(fd_, buffer.data() + kept, buffer.size() - kept, 0);
  if (got <= 0) {
    if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) has_ended_ = true;
    return;
  }
  char* data = buffer.data();
  std::size_t size = kept + static_cast<std::size_t>(got);
  while (size > 0 && !has_ended_) {
    const std::size_t used = is_open_ ? take_frame(data, size, on_message)
                                      : take_handshake(std::string_view(data, size));
    if (used == 0) break;
    data += used;
    size -= used;
    if (is_open_ && !std::exchange(greeted_, true)) on_message({});
  }
  received_.assign(data, size);
}

}  // namespace earshot::bench
