#include "base/base64.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>

namespace earshot::base64 {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr char padding = '=';
// Lies outside the 24 bits that four characters give, so one test of the sum finds any bad
// character.
constexpr std::uint32_t bad = 0x0100'0000;

// Four tables, one a place in the quad: the character's six bits already where they belong in the
// three output bytes, as a little-endian word. A quad costs four loads and three ors.
struct DecodeTables {
  std::array<std::array<std::uint32_t, 256>, 4> place;
};

constexpr DecodeTables make_decode_tables(std::string_view alphabet) {
  DecodeTables tables{};
  for (auto& table : tables.place) table.fill(bad);
  for (std::uint32_t value = 0; value < 64; ++value) {
    const auto c = static_cast<std::uint8_t>(alphabet[value]);
    for (std::uint32_t place = 0; place < 4; ++place) {
      const std::uint32_t bits = value << (18 - 6 * place);  // big-endian 24 bits
      tables.place[place][c] =
          ((bits >> 16) & 0xFF) | (bits & 0xFF00) | ((bits & 0xFF) << 16);  // byte order swapped
    }
  }
  return tables;
}

constexpr DecodeTables standard_tables = make_decode_tables(standard_alphabet);
constexpr DecodeTables url_tables = make_decode_tables(url_alphabet);

// Twelve bits to two characters at once: half the loads of the usual table.
struct EncodeTable {
  std::array<std::array<char, 2>, 4096> pair;
};

constexpr EncodeTable make_encode_table(std::string_view alphabet) {
  EncodeTable table{};
  for (std::size_t bits = 0; bits < 4096; ++bits)
    table.pair[bits] = {alphabet[bits >> 6], alphabet[bits & 63]};
  return table;
}

constexpr EncodeTable standard_pairs = make_encode_table(standard_alphabet);
constexpr EncodeTable url_pairs = make_encode_table(url_alphabet);

static_assert(std::endian::native == std::endian::little,
              "the tables are made for little-endian words");

std::uint32_t quad(const DecodeTables& tables, const std::uint8_t* in) {
  return tables.place[0][in[0]] | tables.place[1][in[1]] | tables.place[2][in[2]] |
         tables.place[3][in[3]];
}

// Decodes whole quads; false at a bad character. Writes 3 * quads bytes and nothing beyond them.
bool decode_quads(const DecodeTables& tables, const std::uint8_t* in, std::size_t quads,
                  std::uint8_t* out) {
  std::uint32_t seen = 0;
  // A store of a whole word writes one byte too many, which the next one mends; so the last quad of
  // all is apart.
  while (quads > 4) {
    const std::uint32_t a = quad(tables, in);
    const std::uint32_t b = quad(tables, in + 4);
    const std::uint32_t c = quad(tables, in + 8);
    const std::uint32_t d = quad(tables, in + 12);
    seen |= a | b | c | d;
    std::memcpy(out, &a, 4);
    std::memcpy(out + 3, &b, 4);
    std::memcpy(out + 6, &c, 4);
    std::memcpy(out + 9, &d, 4);
    in += 16;
    out += 12;
    quads -= 4;
  }
  for (; quads > 0; --quads) {
    const std::uint32_t word = quad(tables, in);
    seen |= word;
    std::memcpy(out, &word, 3);
    in += 4;
    out += 3;
  }
  return (seen & bad) == 0;
}

// The last two or three characters of the text. Strict: the bits that no byte takes must be zero,
// so that every value has exactly one spelling.
bool decode_tail(const DecodeTables& tables, const std::uint8_t* in, std::size_t count,
                 std::uint8_t* out) {
  std::uint32_t word = tables.place[0][in[0]] | tables.place[1][in[1]];
  if (count == 3) word |= tables.place[2][in[2]];
  if ((word & bad) != 0 || (word >> (8 * (count - 1))) != 0) return false;
  std::memcpy(out, &word, count - 1);
  return true;
}

// `text` without padding.
bool decode_unpadded(const DecodeTables& tables, std::string_view text, Bytes& out) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return false;
  const std::size_t quads = text.size() / 4;
  out.resize(quads * 3 + (tail == 0 ? 0 : tail - 1));
  const ByteView in = as_bytes(text);
  if (!decode_quads(tables, in.data(), quads, out.data())) return false;
  return tail == 0 || decode_tail(tables, in.data() + quads * 4, tail, out.data() + quads * 3);
}

std::size_t padding_count(std::string_view text) {
  if (!text.ends_with(padding)) return 0;
  return text.ends_with("==") ? 2 : 1;
}

Failure why_invalid(std::string_view text, std::string_view alphabet) {
  const std::size_t at = text.find_first_not_of(alphabet);
  if (at != std::string_view::npos)
    return fail(ErrorKind::invalid, fmt::format("not base64: bad character at offset {}", at));
  return fail(ErrorKind::invalid,
              fmt::format("not base64: it ends wrongly at offset {}", text.size()));
}

void encode_with(const EncodeTable& table, ByteView bytes, bool padded, std::string& out) {
  const std::size_t start = out.size();
  const std::size_t whole = bytes.size() / 3;
  const std::size_t rest = bytes.size() % 3;
  const std::size_t tail = rest == 0 ? 0 : (padded ? 4 : rest + 1);
  out.resize(start + whole * 4 + tail);
  char* to = out.data() + start;
  const std::uint8_t* in = bytes.data();
  for (std::size_t i = 0; i < whole; ++i, in += 3, to += 4) {
    const unsigned bits = (static_cast<unsigned>(in[0]) << 16) |
                          (static_cast<unsigned>(in[1]) << 8) | static_cast<unsigned>(in[2]);
    std::memcpy(to, table.pair[bits >> 12].data(), 2);
    std::memcpy(to + 2, table.pair[bits & 0xFFF].data(), 2);
  }
  if (rest == 0) return;
  const unsigned bits =
      (static_cast<unsigned>(in[0]) << 16) | (rest == 2 ? static_cast<unsigned>(in[1]) << 8 : 0U);
  std::memcpy(to, table.pair[bits >> 12].data(), 2);
  if (rest == 2) to[2] = table.pair[bits & 0xFFF][0];
  if (padded) {
    to[3] = padding;
    if (rest == 1) to[2] = padding;
  }
}

}  // namespace

std::string encode(ByteView bytes) {
  std::string out;
  encode_with(standard_pairs, bytes, true, out);
  return out;
}

std::string encode_url(ByteView bytes) {
  std::string out;
  encode_with(url_pairs, bytes, false, out);
  return out;
}

void encode_to(ByteView bytes, std::string& out) { encode_with(standard_pairs, bytes, true, out); }

Result<Bytes> decode(std::string_view text) {
  Bytes out;
  if (decode_to(text, out)) return out;
  const std::string_view body = text.substr(0, text.size() - padding_count(text));
  return why_invalid(body, standard_alphabet);
}

Result<Bytes> decode_url(std::string_view text) {
  const std::size_t pads = padding_count(text);
  const std::string_view body = text.substr(0, text.size() - pads);
  Bytes out;
  const bool is_padding_right = pads == 0 || text.size() % 4 == 0;
  if (is_padding_right && decode_unpadded(url_tables, body, out)) return out;
  return why_invalid(body, url_alphabet);
}

bool decode_to(std::string_view text, Bytes& out) {
  if (text.size() % 4 != 0) return false;
  return decode_unpadded(standard_tables, text.substr(0, text.size() - padding_count(text)), out);
}

std::size_t decoded_size(std::string_view text) {
  if (text.size() % 4 != 0) return 0;
  return text.size() / 4 * 3 - padding_count(text);
}

}  // namespace earshot::base64
