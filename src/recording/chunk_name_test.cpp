#include "recording/chunk_name.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using recording::ChunkFile;
using recording::group_chunks;
using recording::parse_chunk_name;

namespace {

BlobInfo blob(std::string name, std::uint64_t bytes = 100) {
  return {.name = {std::move(name)}, .bytes = bytes, .etag = "1"};
}

}  // namespace

TEST_CASE("both published patterns name a chunk") {
  const auto seen = parse_chunk_name("20260302/aGk+Zg==/RID/0-audiowav.wav");
  REQUIRE(seen.has_value());
  CHECK(seen->index.value == 0);
  CHECK(seen->file == ChunkFile::wav);
  CHECK(seen->document_id.empty());
  CHECK(seen->folder == "20260302/aGk+Zg==/RID/");

  const auto documented =
      parse_chunk_name("20260302/call/eyJQbGF0-guid/12-acsmetadata.0-weu-d3-0123456789ab.json");
  REQUIRE(documented.has_value());
  CHECK(documented->index.value == 12);
  CHECK(documented->file == ChunkFile::metadata);
  CHECK(documented->document_id == "0-weu-d3-0123456789ab");
}

TEST_CASE("only the last segment counts, and letters compare without case") {
  CHECK(parse_chunk_name("0-audiowav.wav")->folder.empty());
  CHECK(parse_chunk_name("a/b/c/d/e/f/3-AudioWav.WAV")->index.value == 3);
  CHECK(parse_chunk_name("x/0-audiomp3.doc.mp3")->file == ChunkFile::mp3);
  CHECK(parse_chunk_name("x/0-audiovideo.mp4")->file == ChunkFile::mp4);
  CHECK(parse_chunk_name("x/007-audiowav.wav")->index.value == 7);
}

TEST_CASE("what is no chunk's file is left alone") {
  for (const auto* name : {"",
                           "/",
                           "a/",
                           "0-audiowav",
                           "audiowav.wav",
                           "-audiowav.wav",
                           "0audiowav.wav",
                           "0-.wav",
                           "0-audiowav.",
                           "0-audiowav.txt",
                           "0-acsmetadata.wav",
                           "0-audiowav.json",
                           "x0-audiowav.wav",
                           "0-audio wav.wav",
                           "0-audiowav..wav",
                           "0-audiowav.a.b.wav",
                           "-1-audiowav.wav",
                           "0-audio-wav.wav",
                           "100000-audiowav.wav",
                           "99999999999999999999-audiowav.wav",
                           "0-audiowav.wav/x",
                           "20260302/earshot/id/tap-0.pcm",
                           "+1-audiowav.wav"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_chunk_name(name).has_value());
  }
}

TEST_CASE("audio and its metadata come together, by folder and index") {
  const auto folders = group_chunks({blob("f/1-audiowav.wav"), blob("f/0-audiowav.wav", 44),
                                     blob("f/0-acsmetadata.json"), blob("g/0-audiowav.wav"),
                                     blob("f/readme.txt"), blob("f/2-acsmetadata.json")});

  REQUIRE(folders.size() == 2);
  const auto& chunks = folders.at("f/");
  REQUIRE(chunks.size() == 3);
  CHECK(chunks[0].audio.text == "f/0-audiowav.wav");
  CHECK(chunks[0].bytes == 44);
  CHECK(chunks[0].metadata.text == "f/0-acsmetadata.json");
  CHECK(chunks[1].metadata.empty());
  CHECK(chunks[2].audio.empty());
  CHECK(chunks[2].metadata.text == "f/2-acsmetadata.json");
}

TEST_CASE("an index that was exported twice is two chunks, each with its own metadata") {
  const auto folders =
      group_chunks({blob("f/0-audiowav.B.wav"), blob("f/0-audiowav.A.wav"),
                    blob("f/0-acsmetadata.A.json"), blob("f/0-acsmetadata.B.json")});

  const auto& chunks = folders.at("f/");
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].document_id == "A");
  CHECK(chunks[0].metadata.text == "f/0-acsmetadata.A.json");
  CHECK(chunks[1].metadata.text == "f/0-acsmetadata.B.json");
}

TEST_CASE("metadata of another document is taken only where nothing else can be meant") {
  const auto lone = group_chunks({blob("f/0-audiowav.A.wav"), blob("f/0-acsmetadata.Z.json")});
  CHECK(lone.at("f/")[0].metadata.text == "f/0-acsmetadata.Z.json");

  const auto two = group_chunks(
      {blob("f/0-audiowav.A.wav"), blob("f/0-audiowav.B.wav"), blob("f/0-acsmetadata.B.json")});
  CHECK(two.at("f/")[0].metadata.empty());
  CHECK(two.at("f/")[1].metadata.text == "f/0-acsmetadata.B.json");
}

TEST_CASE("an id is percent-encoded whole") {
  CHECK(recording::percent_encoded("aH/R+c=~-._9") == "aH%2FR%2Bc%3D~-._9");
  CHECK(recording::percent_encoded("\xC3\xA4") == "%C3%A4");
}
