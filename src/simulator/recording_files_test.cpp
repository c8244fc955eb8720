#include "simulator/recording_files.hpp"

#include "net/testing/test_runtime.hpp"
#include "simulator/blob_chunk_store.hpp"
#include "simulator/wav_file.hpp"

#include <boost/json.hpp>
#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace earshot;
using namespace earshot::simulator;

namespace {

namespace json = boost::json;

const RecordingNames names{.started = *parse_iso8601("2026-03-02T23:59:59Z"),
                           .server_call_id = "aHR0/cHM6==",
                           .call_id = "1d2c3b4a",
                           .recording_id = "eyJQbGF0Zm9ybQ",
                           .folder_guid = "guid"};

struct TemporaryDirectory {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("earshot-sim-test-" + std::to_string(getpid()));
  TemporaryDirectory() { std::filesystem::create_directories(path); }
  ~TemporaryDirectory() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST_CASE("files are named in both patterns") {
  RecordingFileOptions options;
  CHECK(recording_folder(names, options) == "20260302/aHR0/cHM6==/eyJQbGF0Zm9ybQ/");
  CHECK(chunk_file(0, "audiowav", "wav", "0-weu-d3-x", options) == "0-audiowav.wav");
  options = {.document_id_in_name = true,
             .call_id_segment = true,
             .folder = RecordingFolder::prefix_and_guid};
  CHECK(recording_folder(names, options) == "20260302/1d2c3b4a/eyJQbGF0-guid/");
  CHECK(chunk_file(2, "acsmetadata", "json", "0-weu-d3-x", options) ==
        "2-acsmetadata.0-weu-d3-x.json");
}

TEST_CASE("metadata says what the chunk is, and can be as odd as the service's") {
  FinishedChunk chunk{.index = 1,
                      .start = names.started,
                      .length = 209s,
                      .pauses = {{names.started, 12s}},
                      .participants = {{"4:+15550123", 0}, {"8:acs:x", 1}},
                      .channels = 2};
  const MetadataFacts facts{
      .resource_id = "r", .call_id = "c", .document_id = "d", .unmixed = true};
  const json::value value = json::parse(chunk_metadata(chunk, facts, {}));
  CHECK(value.at("chunkIndex").as_int64() == 1);
  CHECK(value.at("chunkDuration").as_int64() == 209'000);
  CHECK(value.at("chunkStartTime").as_string() == "2026-03-02T23:59:59.0000000Z");
  CHECK(value.at("pauseResumeIntervals").as_array().at(0).at("duration").as_int64() == 12'000);
  CHECK(value.at("recordingInfo").at("channelType").as_string() == "unmixed");
  CHECK(value.at("recordingInfo").at("audioConfiguration").at("bitRate").as_int64() == 512'000);
  CHECK(value.at("participants").as_array().at(1).at("channel").as_int64() == 1);

  const json::value odd =
      json::parse(chunk_metadata(chunk, facts, {.swap_types = true, .omit_participants = true}));
  CHECK(odd.at("recordingInfo").at("contentType").as_string() == "unmixed");
  CHECK_FALSE(odd.as_object().contains("participants"));
}

TEST_CASE("the folder of a container URL is what stands behind the container") {
  CHECK(folder_of_container_url("https://acct.blob.core.windows.net/recordings").empty());
  CHECK(folder_of_container_url("https://acct.blob.core.windows.net/recordings/a/b/") == "a/b/");
  CHECK(folder_of_container_url("http://127.0.0.1:10000/devstoreaccount1/recs").empty());
  CHECK(folder_of_container_url("http://127.0.0.1:10000/devstoreaccount1/recs/x") == "x/");
  CHECK(folder_of_container_url("https://h/c/../../etc").empty());
}

TEST_CASE("a file appears in the directory whole") {
  TemporaryDirectory directory;
  net::TestRuntime runtime;
  const auto store = make_directory_chunk_store(directory.path.string());
  auto put = runtime.run_for(store->put("https://a.blob.core.windows.net/c/folder",
                                        "20260302/x/0-audiowav.wav", "bytes", "audio/wav"));
  REQUIRE(put.has_value());
  std::ifstream file(directory.path / "folder/20260302/x/0-audiowav.wav");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK(text == "bytes");
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path))
    files += entry.is_regular_file();
  CHECK(files == 1);
}

TEST_CASE("a WAV has a plain header of 44 bytes, and reads back") {
  TemporaryDirectory directory;
  const std::vector<std::int16_t> samples{1, -1, 300, -300};
  const std::string wav = make_wav(samples, 16000, 2);
  REQUIRE(wav.size() == 52);
  CHECK(wav.substr(0, 4) == "RIFF");
  CHECK(wav.substr(12, 4) == "fmt ");
  CHECK(wav.substr(36, 4) == "data");
  const auto path = (directory.path / "x.wav").string();
  std::ofstream(path, std::ios::binary) << wav;
  auto sound = read_sound_file(path);
  REQUIRE(sound.has_value());
  CHECK(sound->rate_hz == 16000);
  CHECK(sound->samples == std::vector<std::int16_t>{0, 0});
  CHECK(read_sound_file("/nowhere/x.wav").error().kind == ErrorKind::not_found);
  std::ofstream(path, std::ios::binary) << "no sound at all";
  CHECK(read_sound_file(path).error().kind == ErrorKind::invalid);
}

TEST_CASE("an MP3 is an MP3") {
  const std::vector<std::int16_t> samples(16000);
  auto mp3 = make_mp3(samples, 16000);
  REQUIRE(mp3.has_value());
  CHECK(mp3->size() > 500);
}

TEST_CASE("a storage connection string needs a name and a key") {
  auto account = parse_storage_connection_string(
      "DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=a2V5a2V5;BlobEndpoint=x");
  REQUIRE(account.has_value());
  CHECK(account->account == "dev");
  CHECK_FALSE(parse_storage_connection_string("AccountName=dev").has_value());
  CHECK_FALSE(parse_storage_connection_string("").has_value());
}
