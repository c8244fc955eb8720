#pragma once
// Hashes, message authentication, signatures: thin over libcrypto, whose headers only crypto.cpp
// sees.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace earshot::crypto {

// From the kernel's generator, through libcrypto; throws when there is none.
void fill_random(std::span<std::uint8_t> out);

using Sha256Digest = std::array<std::uint8_t, 32>;

Sha256Digest sha256(ByteView bytes);
Sha256Digest hmac_sha256(ByteView key, ByteView bytes);
std::array<std::uint8_t, 16> md5(ByteView bytes);  // Blob Storage's Content-MD5 only

// A running hash, for what is too long to hold.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(ByteView bytes);
  Sha256Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the same time whatever the bytes; different lengths are unequal.
bool constant_time_equal(std::string_view a, std::string_view b);

std::string to_hex(ByteView bytes);  // lower case

// RSA with SHA-256 (JWT RS256). PEM keys.
struct RsaKeyPair {
  std::string private_pem;
  std::string public_pem;
  // The two members of a JWK, base64url.
  std::string modulus;
  std::string exponent;
};
RsaKeyPair make_rsa_key_pair(int bits = 2048);
Result<Bytes> sign_rs256(std::string_view private_pem, ByteView message);

// Ed25519 (manifests). Raw 32-byte keys, 64-byte signatures.
struct Ed25519KeyPair {
  Bytes private_key;
  Bytes public_key;
};
Ed25519KeyPair make_ed25519_key_pair();
// `invalid` unless it has 32 bytes.
Result<Bytes> ed25519_public_key(ByteView private_key);
Result<Bytes> sign_ed25519(ByteView private_key, ByteView message);
bool verify_ed25519(ByteView public_key, ByteView message, ByteView signature);

}  // namespace earshot::crypto
