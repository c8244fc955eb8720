#include "recording/manifest.hpp"

#include "base/crypto.hpp"
#include "recording/manifest_writer.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

ManifestKey fixed_key() {
  Bytes secret(32);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::uint8_t>(i);
  auto key = make_manifest_key(std::move(secret));
  REQUIRE(key.has_value());
  return *key;
}

Manifest small() {
  Manifest manifest;
  manifest.call = {"11111111-0000-4000-8000-000000000001"};
  manifest.chunks.push_back({.recording = {"r"}, .file = {"a/0-audiowav.wav", 10, "aa"}});
  manifest.audio.push_back({"acs", 54, "bb"});
  manifest.verdict = {.number = 2, .kind = "gapped", .numbers = {{"expected", 26'000'000}}};
  manifest.software = "earshot 0.1.0";
  return manifest;
}

std::string read_text(RecordedCall& call, BlobName name) {
  auto bytes = call.wait(call.blobs.read(std::move(name), 0, 1 << 20, ""));
  REQUIRE(bytes.has_value());
  return std::string(as_text(*bytes));
}

std::string sha256_of(ByteView bytes) { return crypto::to_hex(crypto::sha256(bytes)); }

}  // namespace

TEST_CASE("a signed manifest is checked with the public key, and gives what it claims") {
  const auto key = fixed_key();

  const auto text = sign_manifest(manifest_text(small()), key);

  REQUIRE(text.has_value());
  CHECK(text->ends_with("\"}}\n"));
  const auto parts = split_manifest(*text);
  REQUIRE(parts.has_value());
  CHECK(parts->text == manifest_text(small()));
  CHECK(parts->key_id == manifest_key_id(key.public_key));
  const auto claims = check_manifest(*text, key.public_key);
  REQUIRE(claims.has_value());
  CHECK(claims->verdict == 2);
  CHECK(claims->verdict_kind == "gapped");
  CHECK(claims->files == std::vector<ManifestFile>{{"a/0-audiowav.wav", 10, "aa"}});
  CHECK(claims->audio == std::vector<ManifestAudio>{{"acs", 54, "bb"}});
}

TEST_CASE("any byte that was changed is noticed") {
  const auto key = fixed_key();
  const auto text = sign_manifest(manifest_text(small()), key);
  REQUIRE(text.has_value());
  for (std::size_t i = 0; i < text->size(); ++i) {
    auto changed = *text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CAPTURE(i);
    CHECK_FALSE(check_manifest(changed, key.public_key).has_value());
  }
}

TEST_CASE("another key is said to be another key") {
  const auto text = sign_manifest(manifest_text(small()), fixed_key());
  REQUIRE(text.has_value());

  const auto checked = check_manifest(*text, crypto::make_ed25519_key_pair().public_key);

  REQUIRE_FALSE(checked.has_value());
  CHECK(checked.error().kind == ErrorKind::refused);
  CHECK(checked.error().message.find("names key") != std::string::npos);
}

TEST_CASE("of several trusted keys the one that the manifest names is used, and none else") {
  const auto former = crypto::make_ed25519_key_pair().public_key;
  const auto text = sign_manifest(manifest_text(small()), fixed_key());
  REQUIRE(text.has_value());

  const std::vector<Bytes> with{former, fixed_key().public_key};
  const std::vector<Bytes> without{former, crypto::make_ed25519_key_pair().public_key};

  CHECK(check_manifest(*text, with).has_value());
  const auto refused = check_manifest(*text, without);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().kind == ErrorKind::refused);
  CHECK(refused.error().message.find("none of the 2") != std::string::npos);
}

TEST_CASE("what bears no signature of ours is not taken for a manifest") {
  for (const std::string text : {"", "{}", "{\"signature\":1}",
                                 R"({"a":1,"signature":{"algorithm":"Ed25519","keyId":"}})"}) {
    const auto parts = split_manifest(text);
    REQUIRE_FALSE(parts.has_value());
    CHECK(parts.error().kind == ErrorKind::invalid);
  }
  CHECK_FALSE(make_manifest_key(Bytes(31)).has_value());
}

TEST_CASE(
    "a manifest holds the hash of every chunk and of the downloaded file, and is kept by verdict") {
  RecordedCall call;
  call.recording.folder = "20260302/x/y/";
  call.store_call();
  const auto wav = wav_of(counting_samples(0, 1'000));
  const auto name = BlobName{call.recording.folder + "0-audiowav.wav"};
  call.put_blob(name.text, wav);
  Chunk chunk{.recording = call.recording.id, .audio = name, .bytes = wav.size()};
  chunk.format = {16'000, 1, 16};
  chunk.data_offset = 44;
  chunk.data_bytes = 2'000;
  Span lost;
  lost.to = 1s;
  Span recorded;
  recorded.from = 1s;
  recorded.to = 1062500us;
  recorded.kind = SpanKind::recorded;
  recorded.source = SpanSource::acs;
  recorded.recording = call.recording.id;
  recorded.frames = 1'000;
  ByosChunkSource source(call.blobs, call.store, call.runtime.clock(), call.inline_offload,
                         call.counters, call.log);
  ManifestWriter writer({call.store, source, call.blobs, call.spool}, call.runtime.clock(),
                        fixed_key(), "earshot test");
  ManifestRequest request{
      .subject = {.call = call.call,
                  .recordings = {call.recording},
                  .chunks = {chunk},
                  .timeline = Timeline{.from = 0s, .to = recorded.to, .spans = {lost, recorded}},
                  .verdict = 1},
      .mapping = {},
      .verdict = {.number = 1, .kind = "gapped", .at = call.runtime.clock().wall_now()}};

  const auto written = call.wait(writer.write(request));

  REQUIRE(written.has_value());
  CHECK(written->text == "20260302/x/y/manifest.json");
  const auto first = read_text(call, *written);
  const auto claims = check_manifest(first, fixed_key().public_key);
  REQUIRE(claims.has_value());
  REQUIRE(claims->files.size() == 1);
  CHECK(claims->files[0].sha256 == sha256_of(wav));
  REQUIRE(claims->audio.size() == 2);
  CHECK(claims->audio[0].sha256 == sha256_of(wav));
  auto repaired = counting_samples(0, 1'000);
  repaired.insert(repaired.begin(), 32'000, 0);
  CHECK(claims->audio[1].source == "repaired");
  CHECK(claims->audio[1].sha256 == sha256_of(wav_of(repaired)));

  request.verdict.number = 2;
  REQUIRE(call.wait(writer.write(request)).has_value());
  CHECK(read_text(call, {"20260302/x/y/manifest-1.json"}) == first);
  CHECK(read_text(call, *written) != first);
}
