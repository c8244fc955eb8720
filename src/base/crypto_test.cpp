#include "base/crypto.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"

#include <doctest/doctest.h>

using namespace earshot;

namespace {

std::uint8_t hex_value(char c) {
  return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
}

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(hex_value(text[i]) << 4 | hex_value(text[i + 1])));
  return bytes;
}

std::string sha256_hex(std::string_view text) {
  return crypto::to_hex(crypto::sha256(as_bytes(text)));
}

std::string hmac_hex(const Bytes& key, ByteView data) {
  return crypto::to_hex(crypto::hmac_sha256(key, data));
}

struct Ed25519Vector {
  std::string_view private_key;
  std::string_view public_key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
constexpr Ed25519Vector ed25519_vectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

}  // namespace

TEST_CASE("SHA-256 gives the digests of FIPS 180-4") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("a running hash equals the hash of the whole") {
  crypto::Sha256 running;
  running.update(as_bytes("a"));
  running.update({});
  crypto::Sha256 moved = std::move(running);
  moved.update(as_bytes("bc"));
  CHECK(moved.finish() == crypto::sha256(as_bytes("abc")));
}

TEST_CASE("MD5 gives the digest of RFC 1321") {
  CHECK(crypto::to_hex(crypto::md5(as_bytes("abc"))) == "900150983cd24fb0d6963f7d28e17f72");
}

TEST_CASE("HMAC-SHA-256 gives the codes of RFC 4231") {
  CHECK(hmac_hex(Bytes(20, 0x0b), as_bytes("Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_hex(from_hex("4a656665"), as_bytes("what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_hex(Bytes(20, 0xaa), Bytes(50, 0xdd)) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(hmac_hex(Bytes(131, 0xaa),
                 as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("an empty key and an empty message have a code") {
  CHECK(hmac_hex({}, {}) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("comparison in constant time compares") {
  CHECK(crypto::constant_time_equal("", ""));
  CHECK(crypto::constant_time_equal("secret", "secret"));
  CHECK_FALSE(crypto::constant_time_equal("secret", "secreT"));
  CHECK_FALSE(crypto::constant_time_equal("secret", "secret1"));
  CHECK_FALSE(crypto::constant_time_equal("", "x"));
}

TEST_CASE("Ed25519 signs as RFC 8032 does and verifies") {
  for (const auto& vector : ed25519_vectors) {
    const Bytes message = from_hex(vector.message);
    const auto signature = crypto::sign_ed25519(from_hex(vector.private_key), message);
    REQUIRE(signature.has_value());
    CHECK(crypto::to_hex(*signature) == vector.signature);
    CHECK(crypto::verify_ed25519(from_hex(vector.public_key), message, *signature));
  }
}

TEST_CASE("an Ed25519 signature does not fit another message, key or a torn signature") {
  const auto keys = crypto::make_ed25519_key_pair();
  const auto others = crypto::make_ed25519_key_pair();
  const auto signature = crypto::sign_ed25519(keys.private_key, as_bytes("manifest"));
  REQUIRE(signature.has_value());
  Bytes flipped = *signature;
  flipped[10] ^= 1;

  CHECK(crypto::verify_ed25519(keys.public_key, as_bytes("manifest"), *signature));
  CHECK_FALSE(crypto::verify_ed25519(keys.public_key, as_bytes("Manifest"), *signature));
  CHECK_FALSE(crypto::verify_ed25519(others.public_key, as_bytes("manifest"), *signature));
  CHECK_FALSE(crypto::verify_ed25519(keys.public_key, as_bytes("manifest"), flipped));
  CHECK_FALSE(crypto::verify_ed25519(keys.public_key, as_bytes("manifest"), {}));
  CHECK_FALSE(crypto::verify_ed25519({}, as_bytes("manifest"), *signature));
}

TEST_CASE("a private key of the wrong length does not sign") {
  const auto signature = crypto::sign_ed25519(Bytes(31), as_bytes("x"));
  REQUIRE_FALSE(signature.has_value());
  CHECK(signature.error().kind == ErrorKind::invalid);
}

TEST_CASE("RS256 signs with a PEM key and is deterministic") {
  const auto keys = crypto::make_rsa_key_pair();
  const auto first = crypto::sign_rs256(keys.private_pem, as_bytes("header.payload"));
  const auto again = crypto::sign_rs256(keys.private_pem, as_bytes("header.payload"));
  const auto other = crypto::sign_rs256(keys.private_pem, as_bytes("header.payloae"));

  REQUIRE(first.has_value());
  REQUIRE(again.has_value());
  REQUIRE(other.has_value());
  CHECK(first->size() == 256);
  CHECK(*first == *again);
  CHECK(*first != *other);
  CHECK(keys.exponent == "AQAB");
  const auto modulus = base64::decode_url(keys.modulus);
  REQUIRE(modulus.has_value());
  CHECK(modulus->size() == 256);
  CHECK(keys.public_pem.starts_with("-----BEGIN PUBLIC KEY-----"));
}

TEST_CASE("what is not an RSA key in PEM does not sign") {
  const auto keys = crypto::make_rsa_key_pair();
  for (const std::string& pem : {std::string(), std::string("key"), keys.public_pem,
                                 keys.private_pem.substr(0, keys.private_pem.size() / 2)}) {
    const auto signature = crypto::sign_rs256(pem, as_bytes("x"));
    REQUIRE_FALSE(signature.has_value());
    CHECK(signature.error().kind == ErrorKind::invalid);
  }
}

TEST_CASE("the system's randomness does not repeat") {
  SystemRandom random;
  CHECK(random.next_u64() != random.next_u64());
}
