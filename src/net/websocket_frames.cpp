#include "net/websocket_frames.hpp"

#include <algorithm>
#include <cstring>

namespace earshot::net::rfc6455 {

namespace {

constexpr unsigned final_bit = 0x80;
constexpr unsigned reserved_bits = 0x70;
constexpr unsigned opcode_bits = 0x0F;
constexpr unsigned mask_bit = 0x80;
constexpr std::size_t control_payload_max = 125;
// Lengths above these stand in two or eight bytes of their own.
constexpr std::size_t short_length_max = 125;
constexpr std::size_t medium_length_max = 0xFFFF;
constexpr unsigned medium_mark = 126;
constexpr unsigned long_mark = 127;

bool is_control(Opcode opcode) { return opcode >= Opcode::close; }

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

// RFC 6455, section 7.4: what may stand in a close frame. 1016 to 2999 are reserved.
bool is_close_code(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

std::string_view cut_to_characters(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

// How many bytes the character takes; 0: none that may be.
std::size_t utf8_character(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto follows = [&](std::size_t i, unsigned from, unsigned to) {
    return i < text.size() && at(i) >= from && at(i) <= to;
  };
  const unsigned first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1, 0x80, 0xBF) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    // Neither longer than need be nor a surrogate.
    const unsigned from = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned to = first == 0xED ? 0x9F : 0xBF;
    return follows(1, from, to) && follows(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned from = first == 0xF0 ? 0x90 : 0x80;
    const unsigned to = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, from, to) && follows(2, 0x80, 0xBF) && follows(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

}  // namespace

void apply_mask(std::span<char> data, MaskKey key) {
  std::uint32_t four = 0;
  std::memcpy(&four, key.data(), sizeof four);
  const std::uint64_t eight = std::uint64_t{four} << 32 | four;
  std::size_t i = 0;
  for (; i + 8 <= data.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + i, sizeof word);
    word ^= eight;
    std::memcpy(data.data() + i, &word, sizeof word);
  }
  for (; i < data.size(); ++i)
    data[i] = static_cast<char>(static_cast<unsigned char>(data[i]) ^ key[i % 4]);
}

void append_frame(Opcode opcode, std::string_view payload, std::optional<MaskKey> mask,
                  std::string& out) {
  const std::size_t size = payload.size();
  const unsigned masked = mask ? mask_bit : 0;
  out += static_cast<char>(final_bit | static_cast<unsigned>(opcode));
  const auto put_length = [&](std::size_t bytes) {
    for (std::size_t i = bytes; i-- > 0;) out += static_cast<char>(size >> (8 * i) & 0xFF);
  };
  if (size <= short_length_max) {
    out += static_cast<char>(masked | static_cast<unsigned>(size));
  } else if (size <= medium_length_max) {
    out += static_cast<char>(masked | medium_mark);
    put_length(2);
  } else {
    out += static_cast<char>(masked | long_mark);
    put_length(8);
  }
  if (mask) out.append(reinterpret_cast<const char*>(mask->data()), mask->size());
  const std::size_t begin = out.size();
  out += payload;
  if (mask) apply_mask(std::span(out).subspan(begin), *mask);
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (code == close_code::none) return {};
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload += cut_to_characters(reason, control_payload_max - payload.size());
  return payload;
}

bool is_utf8(std::string_view text) {
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  while (!text.empty()) {
    // Audio is base64, which is ASCII: eight characters a step.
    while (text.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data(), sizeof word);
      if ((word & high_bits) != 0) break;
      text.remove_prefix(8);
    }
    if (text.empty()) break;
    const std::size_t bytes = utf8_character(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::span<char> FrameReader::room() {
  const std::size_t held = end_ - begin_;
  if (held == 0) {
    begin_ = end_ = 0;
    // What one large message made it take is given back.
    if (buffer_.size() > room_ * 2) {
      buffer_.clear();
      buffer_.shrink_to_fit();
    }
  }
  // A large frame gets its room as it comes: its head alone is only a claim.
  const std::size_t missing = wanted_ > held ? wanted_ - held : 0;
  const std::size_t ahead = std::max(room_, std::min(missing, std::max(held, room_max)));
  if (buffer_.size() - end_ < ahead) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, held);
      begin_ = 0;
      end_ = held;
    }
    if (buffer_.size() - end_ < ahead) buffer_.resize(end_ + ahead);
  }
  return std::span(buffer_).subspan(end_);
}

void FrameReader::received(std::size_t bytes) {
  const bool filled = end_ + bytes == buffer_.size();
  end_ += bytes;
  if (filled)
    room_ = std::min(room_ * 2, room_max);
  else if (bytes < room_ / 2)
    room_ = std::max(room_ / 2, room_min);
}

void FrameReader::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto into = room();
    const std::size_t part = std::min(into.size(), bytes.size());
    std::ranges::copy(bytes.substr(0, part), into.begin());
    received(part);
    bytes.remove_prefix(part);
  }
}

FrameReader FrameReader::rest() const {
  FrameReader reader(masked_, message_bytes_max_);
  reader.joined_ = joined_;
  reader.joining_ = joining_;
  reader.fault_ = fault_;
  reader.put(std::string_view(buffer_).substr(begin_, end_ - begin_));
  return reader;
}

std::optional<FrameReader::Head> FrameReader::read_head() {
  const std::string_view bytes = std::string_view(buffer_).substr(begin_, end_ - begin_);
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2) return std::nullopt;
  const unsigned opcode = at(0) & opcode_bits;
  const bool is_masked = (at(1) & mask_bit) != 0;
  if ((at(0) & reserved_bits) != 0 || !is_known(opcode) || is_masked != masked_) {
    fault_ = close_code::protocol_error;
    return std::nullopt;
  }
  Head head{.is_final = (at(0) & final_bit) != 0, .opcode = static_cast<Opcode>(opcode)};
  const unsigned mark = at(1) & ~mask_bit;
  const std::size_t length_bytes = mark == medium_mark ? 2 : mark == long_mark ? 8 : 0;
  const std::size_t key_at = 2 + length_bytes;
  head.bytes = key_at + (is_masked ? head.key.size() : 0);
  if (bytes.size() < head.bytes) return std::nullopt;
  head.length = length_bytes == 0 ? mark : 0;
  for (std::size_t i = 0; i < length_bytes; ++i) head.length = head.length << 8 | at(2 + i);
  if (is_masked) std::memcpy(head.key.data(), bytes.data() + key_at, head.key.size());
  // Longer than need be is forbidden too.
  const bool is_longest_form = (length_bytes == 2 && head.length <= short_length_max) ||
                               (length_bytes == 8 && head.length <= medium_length_max);
  const bool is_wrong_control =
      is_control(head.opcode) && (!head.is_final || head.length > control_payload_max);
  const bool is_out_of_turn =
      !is_control(head.opcode) && (head.opcode == Opcode::continuation) != joining_.has_value();
  if (is_longest_form || is_wrong_control || is_out_of_turn)
    fault_ = close_code::protocol_error;
  else if (!is_control(head.opcode) &&
           head.length > message_bytes_max_ - (joining_ ? joined_.size() : 0))
    fault_ = close_code::too_big;
  if (fault_ != 0) return std::nullopt;
  return head;
}

Frame FrameReader::next() {
  if (fault_ != 0) return fault(fault_);
  for (;;) {
    wanted_ = 0;
    const auto head = read_head();
    if (fault_ != 0) return fault(fault_);
    if (!head) return {};
    const auto length = static_cast<std::size_t>(head->length);
    if (end_ - begin_ < head->bytes + length) {
      wanted_ = head->bytes + length;
      return {};
    }
    const auto payload = std::span(buffer_).subspan(begin_ + head->bytes, length);
    begin_ += head->bytes + length;
    if (masked_) apply_mask(payload, head->key);
    const std::string_view text(payload.data(), payload.size());
    const Frame frame =
        is_control(head->opcode) ? take_control(*head, text) : take_data(*head, text);
    if (frame.kind != Frame::Kind::incomplete) return frame;
  }
}

Frame FrameReader::fault(std::uint16_t code) {
  fault_ = code;
  return {.kind = Frame::Kind::fault, .code = code};
}

Frame FrameReader::take_control(const Head& head, std::string_view payload) {
  if (head.opcode == Opcode::ping) return {.kind = Frame::Kind::ping, .data = payload};
  if (head.opcode == Opcode::pong) return {.kind = Frame::Kind::pong, .data = payload};
  if (payload.empty()) return {.kind = Frame::Kind::close, .code = close_code::none};
  if (payload.size() < 2) return fault(close_code::protocol_error);
  const auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                               static_cast<unsigned char>(payload[1]));
  payload.remove_prefix(2);
  if (!is_close_code(code)) return fault(close_code::protocol_error);
  if (!is_utf8(payload)) return fault(close_code::bad_payload);
  return {.kind = Frame::Kind::close, .data = payload, .code = code};
}

// Nearly always a message is one frame, and stays where it is.
Frame FrameReader::take_data(const Head& head, std::string_view payload) {
  if (!joining_) {
    joining_ = head.opcode;
    joined_.clear();
    if (joined_.capacity() > room_max) joined_.shrink_to_fit();
    if (head.is_final) return finish_message(payload);
  }
  joined_ += payload;
  return head.is_final ? finish_message(joined_) : Frame{};
}

Frame FrameReader::finish_message(std::string_view data) {
  const bool is_binary = *joining_ == Opcode::binary;
  joining_.reset();
  if (!is_binary && !is_utf8(data)) return fault(close_code::bad_payload);
  return {.kind = Frame::Kind::message, .data = data, .is_binary = is_binary};
}

}  // namespace earshot::net::rfc6455
