// The only file that includes OpenSSL's headers outside of `net`'s TLS.
#include "base/crypto.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdexcept>

namespace earshot {

std::uint64_t SystemRandom::next_u64() {
  std::array<std::uint8_t, 8> bytes;
  crypto::fill_random(bytes);
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
  return value;
}

}  // namespace earshot

namespace earshot::crypto {
namespace {

template <auto free_function>
struct FreeWith {
  template <class T>
  void operator()(T* pointer) const {
    free_function(pointer);
  }
};

using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

// libcrypto refuses work that cannot fail with our arguments only when memory or its providers are
// gone: nothing that a caller could mend.
void require(bool done, const char* what) {
  if (done) return;
  ERR_clear_error();
  throw std::runtime_error(std::string("libcrypto failed: ") + what);
}

template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* kind, ByteView bytes) {
  std::array<std::uint8_t, N> out;
  unsigned length = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, kind, nullptr);
  require(done == 1 && length == N, "digest");
  return out;
}

// The look-up of an algorithm by name costs more than hashing a short text, so it is done once.
const EVP_MD* sha256_kind() {
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  require(kind != nullptr, "SHA-256 is not there");
  return kind;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(length)};
}

std::string number_as_base64url(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  require(EVP_PKEY_get_bn_param(key, name, &raw) == 1, name);
  const Number number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return base64::encode_url(bytes);
}

Result<Bytes> sign(EVP_PKEY* key, const EVP_MD* kind, ByteView message) {
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t length = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, kind, nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, message.data(), message.size()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "sign: the key does not fit the algorithm");
  }
  Bytes signature(length);
  if (EVP_DigestSign(context.get(), signature.data(), &length, message.data(), message.size()) !=
      1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "sign: the key does not sign");
  }
  signature.resize(length);
  return signature;
}

Bytes raw_key(EVP_PKEY* key, int (*get)(const EVP_PKEY*, unsigned char*, std::size_t*)) {
  Bytes bytes(32);
  std::size_t length = bytes.size();
  require(get(key, bytes.data(), &length) == 1 && length == bytes.size(), "raw key");
  return bytes;
}

}  // namespace

void fill_random(std::span<std::uint8_t> out) {
  require(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1, "no randomness to be had");
}

Sha256Digest sha256(ByteView bytes) { return digest<32>(sha256_kind(), bytes); }

std::array<std::uint8_t, 16> md5(ByteView bytes) { return digest<16>(EVP_md5(), bytes); }

Sha256Digest hmac_sha256(ByteView key, ByteView bytes) {
  static constexpr std::uint8_t no_key = 0;  // HMAC() reads a null key as "the one from before"
  Sha256Digest out;
  unsigned length = 0;
  const void* key_bytes = key.empty() ? &no_key : key.data();
  const auto* done = HMAC(sha256_kind(), key_bytes, static_cast<int>(key.size()), bytes.data(),
                          bytes.size(), out.data(), &length);
  require(done != nullptr && length == out.size(), "HMAC");
  return out;
}

struct Sha256::State {
  DigestContext context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(EVP_DigestInit_ex2(state_->context.get(), sha256_kind(), nullptr) == 1, "digest");
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "digest");
}

Sha256Digest Sha256::finish() {
  Sha256Digest out;
  unsigned length = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), out.data(), &length) == 1, "digest");
  return out;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

RsaKeyPair make_rsa_key_pair(int bits) {
  const Key key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  require(key != nullptr, "RSA key");
  const Bio private_bio(BIO_new(BIO_s_mem()));
  const Bio public_bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(private_bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                   nullptr) == 1,
          "RSA private key");
  require(PEM_write_bio_PUBKEY(public_bio.get(), key.get()) == 1, "RSA public key");
  return {.private_pem = text_of(private_bio.get()),
          .public_pem = text_of(public_bio.get()),
          .modulus = number_as_base64url(key.get(), OSSL_PKEY_PARAM_RSA_N),
          .exponent = number_as_base64url(key.get(), OSSL_PKEY_PARAM_RSA_E)};
}

Result<Bytes> sign_rs256(std::string_view private_pem, ByteView message) {
  const Bio bio(BIO_new_mem_buf(private_pem.data(), static_cast<int>(private_pem.size())));
  // An encrypted key must fail, not ask for a passphrase on the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "sign with RS256: not an RSA private key in PEM");
  }
  return sign(key.get(), sha256_kind(), message);
}

Ed25519KeyPair make_ed25519_key_pair() {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  require(key != nullptr, "Ed25519 key");
  return {.private_key = raw_key(key.get(), EVP_PKEY_get_raw_private_key),
          .public_key = raw_key(key.get(), EVP_PKEY_get_raw_public_key)};
}

Result<Bytes> ed25519_public_key(ByteView private_key) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, private_key.data(),
                                             private_key.size()));
  if (!key) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "an Ed25519 private key has 32 bytes");
  }
  return raw_key(key.get(), EVP_PKEY_get_raw_public_key);
}

Result<Bytes> sign_ed25519(ByteView private_key, ByteView message) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, private_key.data(),
                                             private_key.size()));
  if (!key) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "sign with Ed25519: a private key has 32 bytes");
  }
  return sign(key.get(), nullptr, message);
}

bool verify_ed25519(ByteView public_key, ByteView message, ByteView signature) {
  const Key key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  const bool is_right =
      key && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  return is_right;
}

}  // namespace earshot::crypto
