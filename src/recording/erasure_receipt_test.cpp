#include "recording/erasure_receipt.hpp"

#include "base/crypto.hpp"
#include "recording/manifest.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::recording;

namespace {

ManifestKey new_key() {
  auto key = make_manifest_key(crypto::make_ed25519_key_pair().private_key);
  REQUIRE(key.has_value());
  return std::move(*key);
}

Erasure two_calls() {
  Erasure erasure{.id = {"e1"}, .caller_key = "abc123", .finished_at = WallTime{5s}};
  ErasedCall gone{.call = {"c1"}, .state = ErasureState::erased, .why = {}};
  gone.blobs = {
      {.name = "a/0-audiowav.wav",
       .bytes = 3,
       .etag = "0x1",
       .sha256 = "ff00",
       .hash_note = "manifest"},
      {.name = "a/0-meta.json", .bytes = 2, .etag = "0x2", .hash_note = "it held numbers"}};
  gone.rows = {{"turns", 2}, {"turns", 1}};
  erasure.calls = {gone,
                   {.call = {"c2"}, .state = ErasureState::refused, .why = "the call is held"}};
  return erasure;
}

std::string signed_with(const ManifestKey& key) {
  auto text = sign_manifest(erasure_receipt_text(two_calls(), "earshot test"), key);
  REQUIRE(text.has_value());
  return std::move(*text);
}

}  // namespace

TEST_CASE("a receipt is checked with the public key, and gives what it claims") {
  const auto key = new_key();

  const auto claims = check_erasure_receipt(signed_with(key), std::vector<Bytes>{key.public_key});

  REQUIRE(claims.has_value());
  CHECK(claims->id == "e1");
  CHECK(claims->caller_key == "abc123");
  CHECK(claims->finished_at == "1970-01-01T00:00:05.000000Z");
  CHECK(claims->software == "earshot test");
  CHECK(claims->calls_erased == 1);
  CHECK(claims->calls_refused == 1);
  CHECK(claims->blobs == 2);
  CHECK(claims->blobs_with_hash == 1);
}

TEST_CASE("a receipt names each hash and where it is from, or why there is none") {
  const auto text = erasure_receipt_text(two_calls(), "earshot test");
  CHECK(text.find(R"("sha256":"ff00","sha256From":"manifest")") != std::string::npos);
  CHECK(text.find(R"("sha256":null,"sha256Reason":"it held numbers")") != std::string::npos);
  CHECK(text.find(R"("rows":{"turns":3})") != std::string::npos);
}

TEST_CASE("any byte of a receipt that was changed is noticed") {
  const auto key = new_key();
  const std::vector<Bytes> keys{key.public_key};
  const auto text = signed_with(key);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CAPTURE(i);
    CHECK_FALSE(check_erasure_receipt(changed, keys).has_value());
  }
}

TEST_CASE("a receipt is taken by the key it names, present or former, and by no other") {
  const auto former = new_key();
  const auto present = new_key();
  const auto text = signed_with(former);

  CHECK(check_erasure_receipt(text, std::vector<Bytes>{present.public_key, former.public_key})
            .has_value());
  const auto refused = check_erasure_receipt(text, std::vector<Bytes>{present.public_key});

  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK(refused.error().message.find("the receipt names key") != std::string::npos);
  CHECK(refused.error().message.find("none of the 1 trusted") != std::string::npos);
}

TEST_CASE("a signed document of another kind is no receipt") {
  const auto key = new_key();
  const auto manifest = sign_manifest(manifest_text({}), key);
  REQUIRE(manifest.has_value());
  const auto checked = check_erasure_receipt(*manifest, std::vector<Bytes>{key.public_key});
  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().kind == ErrorKind::invalid);
  for (const auto* text : {"", "[]", "{}", R"({"format":"earshot erasure receipt"})"})
    CHECK_FALSE(read_erasure_claims(text).has_value());
}

TEST_CASE("a name that is no text does not break the signature when it is stored") {
  auto erasure = two_calls();
  erasure.calls[0].blobs[0].name = "a/\xff\"b";
  const auto text = erasure_receipt_text(erasure, "earshot test");
  CHECK(text.find('\xff') == std::string::npos);
  CHECK(text.find("\xef\xbf\xbd\\\"b") != std::string::npos);
}
