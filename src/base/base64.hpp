#pragma once
// Base64 as RFC 4648 says. Ours, not OpenSSL's: on the audio path every frame of every call is
// decoded once for ledger and tap, and EVP_DecodeBlock takes twice the time
// (bench/base64_bench.cpp), counts padding as bytes, accepts white space, and says nothing about
// where the input is wrong.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot::base64 {

// Standard alphabet, padded.
std::string encode(ByteView bytes);
// URL alphabet, unpadded (JWT).
std::string encode_url(ByteView bytes);
// Appends to `out`, which must not overlap `bytes`.
void encode_to(ByteView bytes, std::string& out);

// Strict: padding required, no white space. `invalid` names the offset.
Result<Bytes> decode(std::string_view text);
// URL alphabet; padding optional.
Result<Bytes> decode_url(std::string_view text);
// Decodes into `out` (resized to fit; its capacity is reused, so the audio path does not allocate).
// False: not base64.
bool decode_to(std::string_view text, Bytes& out);
// The number of bytes that `text` would decode to; 0 when its length is impossible. Reads only the
// length and padding.
std::size_t decoded_size(std::string_view text);

}  // namespace earshot::base64
