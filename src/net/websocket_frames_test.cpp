#include "net/websocket_frames.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <vector>

using namespace earshot;
using namespace earshot::net::rfc6455;

namespace {

using Kind = Frame::Kind;
constexpr std::size_t message_max = 1 << 20;
constexpr MaskKey key{0x37, 0xFA, 0x21, 0x3D};

std::string masked(Opcode opcode, std::string_view payload) {
  std::string bytes;
  append_frame(opcode, payload, key, bytes);
  return bytes;
}

std::string plain(Opcode opcode, std::string_view payload) {
  std::string bytes;
  append_frame(opcode, payload, std::nullopt, bytes);
  return bytes;
}

// As one or several frames before the last, which append_frame does not make.
std::string not_final(std::string bytes) {
  bytes[0] = static_cast<char>(bytes[0] & 0x7F);
  return bytes;
}

// What a reader makes of the bytes when they come in pieces of at most so many.
struct Seen {
  Kind kind;
  std::string data;
  std::uint16_t code = 0;
  bool operator==(const Seen&) const = default;
};
std::vector<Seen> read(FrameReader& reader, std::string_view bytes, std::size_t piece_max) {
  std::vector<Seen> seen;
  while (!bytes.empty()) {
    const auto room = reader.room();
    const auto part = bytes.substr(0, std::min(room.size(), piece_max));
    std::ranges::copy(part, room.begin());
    reader.received(part.size());
    bytes.remove_prefix(part.size());
    for (auto frame = reader.next(); frame.kind != Kind::incomplete; frame = reader.next()) {
      seen.push_back({frame.kind, std::string(frame.data), frame.code});
      if (frame.kind == Kind::fault) return seen;
    }
  }
  return seen;
}

std::uint16_t fault_of(std::string_view bytes) {
  FrameReader reader(true, message_max);
  const auto seen = read(reader, bytes, 1000);
  return !seen.empty() && seen.back().kind == Kind::fault ? seen.back().code : std::uint16_t{0};
}

}  // namespace

TEST_CASE("a frame looks as RFC 6455 shows it") {
  CHECK(plain(Opcode::text, "Hello") == "\x81\x05Hello");
  CHECK(masked(Opcode::text, "Hello") == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  CHECK(plain(Opcode::ping, "Hello") == "\x89\x05Hello");
  CHECK(plain(Opcode::binary, std::string(256, 'x')).substr(0, 4) ==
        std::string("\x82\x7E\x01\x00", 4));
  CHECK(plain(Opcode::binary, std::string(65536, 'x')).substr(0, 10) ==
        std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
}

TEST_CASE("frames are read as they were written, however the bytes are cut") {
  std::string bytes;
  std::vector<Seen> sent;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 125, 126, 1400, 65535, 65536, 300'000}) {
    const std::string message(size, 'm');
    bytes += masked(Opcode::text, message) + masked(Opcode::ping, "p");
    sent.push_back({Kind::message, message});
    sent.push_back({Kind::ping, "p"});
  }
  for (const std::size_t piece :
       std::initializer_list<std::size_t>{1, 2, 7, 1000, 70'000, 10'000'000}) {
    FrameReader reader(true, message_max);
    CHECK(read(reader, bytes, piece) == sent);
  }
}

TEST_CASE("fragments are joined, and control frames pass between them") {
  FrameReader reader(false, message_max);
  const auto seen = read(reader,
                         not_final(plain(Opcode::text, "\xE2\x82")) + plain(Opcode::ping, "1") +
                             not_final(plain(Opcode::continuation, "")) +
                             plain(Opcode::continuation, "\xAC") + plain(Opcode::text, "next"),
                         3);
  CHECK(seen == std::vector<Seen>{
                    {Kind::ping, "1"}, {Kind::message, "\xE2\x82\xAC"}, {Kind::message, "next"}});
}

TEST_CASE("what the RFC forbids is a fault with its code") {
  CHECK(fault_of(plain(Opcode::text, "x")) == 1002);              // a client that does not mask
  CHECK(fault_of(masked(Opcode::continuation, "x")) == 1002);     // continues nothing
  CHECK(fault_of(masked(static_cast<Opcode>(3), "x")) == 1002);   // an opcode of nobody's
  CHECK(fault_of(not_final(masked(Opcode::ping, "x"))) == 1002);  // a control frame in parts
  CHECK(fault_of(masked(Opcode::ping, std::string(126, 'x'))) == 1002);
  CHECK(fault_of(not_final(masked(Opcode::text, "x")) + masked(Opcode::text, "y")) == 1002);
  CHECK(fault_of(std::string("\x81\xFE\x00\x05\0\0\0\0Hello", 13)) == 1002);  // a length too wide
  CHECK(fault_of(masked(Opcode::text, "\xED\xA0\x80")) == 1007);              // a surrogate
  CHECK(fault_of(masked(Opcode::close, "\x03")) == 1002);                     // half a code
  for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U}) {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    CHECK(fault_of(masked(Opcode::close, payload)) == 1002);
  }
  CHECK(fault_of(masked(Opcode::close, std::string("\x03\xE8\xFF", 3))) == 1007);
  FrameReader of_server(false, message_max);
  CHECK(read(of_server, masked(Opcode::text, "x"), 10).back().code == 1002);  // a server that masks
}

TEST_CASE("a message beyond the limit is refused by its head alone, in one frame or in several") {
  FrameReader whole(true, 1000);
  CHECK(read(whole, masked(Opcode::text, std::string(1000, 'x')), 9999).back().kind ==
        Kind::message);
  const auto head = masked(Opcode::text, std::string(1001, 'x')).substr(0, 8);
  CHECK(read(whole, head, 9999).back() == Seen{Kind::fault, "", 1009});

  FrameReader in_parts(true, 1000);
  CHECK(read(in_parts,
             not_final(masked(Opcode::text, std::string(600, 'x'))) +
                 masked(Opcode::continuation, std::string(401, 'x')),
             9999)
            .back() == Seen{Kind::fault, "", 1009});

  FrameReader hostile(true, message_max);
  CHECK(read(hostile, std::string("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14), 9999)
            .back() == Seen{Kind::fault, "", 1009});
}

TEST_CASE("a reader takes what a length claims only as it comes") {
  FrameReader reader(true, 1 << 30);
  read(reader, std::string("\x82\xFF\x00\x00\x00\x00\x30\x00\x00\x00\0\0\0\0", 14), 9999);
  CHECK(reader.room().size() <= FrameReader::room_max + FrameReader::room_min);
}

TEST_CASE("room grows while messages pile up and is given back") {
  FrameReader reader(true, message_max);
  const std::string message = masked(Opcode::text, std::string(1400, 'x'));
  std::string backlog;
  for (int i = 0; i < 1000; ++i) backlog += message;
  read(reader, backlog, backlog.size());
  CHECK(reader.room().size() >= FrameReader::room_max / 2);

  for (int i = 0; i < 20; ++i) read(reader, message, message.size());
  CHECK(reader.room().size() <= FrameReader::room_min * 4);
}

TEST_CASE("another reader goes on where one was left") {
  FrameReader first(true, message_max);
  const std::string bytes = not_final(masked(Opcode::text, "one ")) +
                            masked(Opcode::continuation, "two") + masked(Opcode::text, "three");
  const auto room = first.room();
  std::ranges::copy(bytes.substr(0, 14), room.begin());
  first.received(14);
  CHECK(first.next().kind == Kind::incomplete);

  FrameReader second = first.rest();
  CHECK(read(second, bytes.substr(14), 5) ==
        std::vector<Seen>{{Kind::message, "one two"}, {Kind::message, "three"}});
}

TEST_CASE("a close frame carries its code and as much of the reason as fits") {
  CHECK(close_payload(close_code::none, "unsaid").empty());
  FrameReader reader(true, message_max);
  const auto seen =
      read(reader,
           masked(Opcode::close, close_payload(4001, "too late")) +
               masked(Opcode::close, close_payload(1000, std::string(122, 'x') + "\xC3\xA9")) +
               masked(Opcode::close, ""),
           9999);
  CHECK(seen == std::vector<Seen>{{Kind::close, "too late", 4001},
                                  {Kind::close, std::string(122, 'x'), 1000},
                                  {Kind::close, "", close_code::none}});
}

TEST_CASE("UTF-8 is what Unicode says it is") {
  for (const char* good :
       {"", "plain ASCII, more than eight", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
        "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "12345678\xC3\xA9 2345678"})
    CHECK(is_utf8(good));
  for (const char* bad : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "12345678\xC3", "\xE0\x9F\xBF",
                          "\xED\xA0\x80", "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF5\x80\x80\x80", "\xFF", "1234567\xFE"})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("masking twice gives back what was there, at every length") {
  SeededRandom random(7);
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, '\0');
    for (auto& c : text) c = static_cast<char>(random.next_below(256));
    const std::string before = text;
    apply_mask(text, key);
    for (std::size_t i = 0; i < size; ++i)
      CHECK(static_cast<unsigned char>(text[i]) ==
            (static_cast<unsigned char>(before[i]) ^ key[i % 4]));
    apply_mask(text, key);
    CHECK(text == before);
  }
}
