#include "recording/recording_fetch.hpp"

#include "base/crypto.hpp"
#include "recording/chunk_name.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/recording_queries.hpp"
#include "recording/second_copies.hpp"
#include "recording/testing/erased.hpp"
#include "recording/testing/fake_service_files.hpp"
#include "store/memory_tap_spool.hpp"

#include <algorithm>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

const std::string host = "https://eu-storage.asm.skype.com/v1/objects/";

// A call whose recording ACS kept, and whose files it told of when the clock stands.
struct Fetching : RecordedCall {
  explicit Fetching(bool byos = false) {
    recording.byos = byos;
    job = {.id = {"job"},
           .kind = fetch_recording_job,
           .subject = recording.id.text,
           .added_at = runtime.clock().wall_now()};
    folder = "20260302/" + call.server_call_id.text + "/" + recording.id.text + "/";
    remake();
  }
  void remake(RecordingFetchOptions options = {}) {
    options.fetcher.piece_bytes = 64 << 10;
    options.fetcher.piece_tries_max = 2;
    fetch = std::make_unique<RecordingFetch>(
        RecordingFetchServices{store, store, at_acs, blobs, alerts, runtime.clock(), counters, log},
        options);
  }
  // A chunk of so many seconds that ACS has, and of which it tells.
  void keep(int index, double seconds, std::string_view start = "2026-03-02T09:15:00Z") {
    at_acs.files[content(index)] = seconds_of_wav(seconds);
    const auto text = metadata(start, static_cast<int>(seconds * 1'000), index);
    at_acs.files[host + std::to_string(index) + "/content/acsmetadata"] =
        Bytes(text.begin(), text.end());
    told.push_back({.recording = recording.id,
                    .index = {static_cast<std::uint32_t>(index)},
                    .document_id = fmt::format("0-weu-d3-{}", index),
                    .end_reason = "SessionEnded",
                    .content = content(index),
                    .metadata = host + std::to_string(index) + "/content/acsmetadata",
                    .deletion = host + std::to_string(index),
                    .told_at = runtime.clock().wall_now(),
                    .expires_at = runtime.clock().wall_now() + files_kept_at_acs});
  }
  static std::string content(int index) { return host + std::to_string(index) + "/content/video"; }
  void tell() {
    store_call();
    Changes changes;
    changes.file_locations = told;
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  bool attempt() {
    auto outcome = wait(fetch->run(job));
    if (const auto* retry = std::get_if<JobRetry>(&outcome)) {
      last = *retry;
      ++job.attempts;
      if (!retry->payload.empty()) job.payload = retry->payload;
      return false;
    }
    REQUIRE(std::holds_alternative<JobDone>(outcome));
    return true;
  }
  int run_to_the_end() {
    for (int i = 1; i < 1'000; ++i) {
      if (attempt()) return i;
      const auto now = runtime.clock().wall_now();
      REQUIRE(last.at > now);
      runtime.advance(last.at - now);
    }
    FAIL("the job never ends");
    return 0;
  }
  FileFetch state(std::uint32_t index) {
    auto files = wait(store.files_of(recording.id));
    REQUIRE(files.has_value());
    return files->at(index).fetch;
  }
  std::optional<Bytes> blob(const std::string& name) {
    auto read = wait(blobs.read({name}, 0, 10 << 20, ""));
    if (!read) return std::nullopt;
    return std::move(*read);
  }
  std::vector<std::string> queued() {
    std::vector<std::string> kinds;
    const auto far = runtime.clock().wall_now() + 48h;
    while (true) {
      auto job_found = wait(store.lease("test", far, far + 1h));
      REQUIRE(job_found.has_value());
      if (!*job_found) return kinds;
      kinds.push_back((*job_found)->kind);
    }
  }

  FakeServiceFiles at_acs;
  std::vector<FileLocation> told;
  Job job;
  JobRetry last;
  std::string folder;
  std::unique_ptr<RecordingFetch> fetch;
};

}  // namespace

TEST_CASE("a recording's files are asked of the ACS resource that its call came in on") {
  Fetching fetching;
  fetching.call.resource = "jpe";
  fetching.remake({.delete_at_acs = true});
  fetching.keep(0, 2);
  fetching.tell();

  fetching.run_to_the_end();

  CHECK(fetching.at_acs.removed.size() == 1);
  CHECK(fetching.at_acs.resources == std::set<std::string>{"jpe"});
}

TEST_CASE("the chunks of a service-managed recording are fetched into the usual layout") {
  Fetching fetching;
  fetching.keep(0, 25);
  fetching.keep(1, 15, "2026-03-02T09:15:25Z");
  fetching.tell();

  CHECK(fetching.attempt());

  for (int index : {0, 1}) {
    CAPTURE(index);
    const auto audio = fetching.blob(fmt::format("{}{}-audiowav.wav", fetching.folder, index));
    REQUIRE(audio.has_value());
    CHECK(*audio == fetching.at_acs.files[Fetching::content(index)]);
    CHECK(fetching.blob(fmt::format("{}{}-acsmetadata.json", fetching.folder, index)).has_value());
    const auto state = fetching.state(static_cast<std::uint32_t>(index));
    CHECK(state.state == FileState::fetched);
    CHECK(state.fetched_at.has_value());
    CHECK(state.bytes == audio->size());
    CHECK(state.sha256 == crypto::to_hex(crypto::sha256(*audio)));
    CHECK_FALSE(state.deleted_at.has_value());
  }
  CHECK(fetching.at_acs.largest_read <= chunk_metadata_bytes_max);
  CHECK(fetching.at_acs.removed.empty());
  CHECK(fetching.alerts.raised.empty());

  SUBCASE("and found there, and played as one file") {
    CHECK(fetching.queued() == std::vector<std::string>{discover_recording_job});
    ByosChunkSource source(fetching.blobs, fetching.store, fetching.runtime.clock(),
                           fetching.inline_offload, fetching.counters, fetching.log, {},
                           &fetching.store);
    RecordingDiscovery discovery(fetching.store, source, fetching.alerts, fetching.runtime.clock(),
                                 fetching.counters, fetching.log);
    auto outcome = fetching.wait(discovery.run({.kind = discover_recording_job,
                                                .subject = fetching.recording.id.text,
                                                .added_at = fetching.runtime.clock().wall_now()}));
    CHECK(std::holds_alternative<JobDone>(outcome));
    CHECK(fetching.wait(fetching.store.load_recording(fetching.recording.id))->discovery ==
          Discovery::found);
    store::MemoryTapSpool spool;
    RecordingQueries queries({fetching.store, source, fetching.blobs, spool});
    auto audio = fetching.wait(queries.open_audio(fetching.recording.id, {}));
    REQUIRE(audio.has_value());
    CHECK(audio->missing.empty());
  }
  SUBCASE("and a job that runs again fetches nothing twice") {
    const auto reads = fetching.at_acs.reads.size();
    CHECK(fetching.attempt());
    CHECK(fetching.at_acs.reads.size() == reads);
  }
}

TEST_CASE("a server call id with a slash still gives names that discovery looks for") {
  Fetching fetching;
  fetching.call.server_call_id = {"aHR0/cHM6Ly9hcGk="};
  fetching.keep(0, 40);
  fetching.tell();
  CHECK(fetching.attempt());
  CHECK(
      fetching
          .blob("20260302/aHR0%2FcHM6Ly9hcGk%3D/" + fetching.recording.id.text + "/0-audiowav.wav")
          .has_value());
}

TEST_CASE("a file of 0 bytes is no file yet, and is asked for again") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.tell();
  fetching.at_acs.empty_answers = 5;  // of metadata and audio

  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.state(0).state == FileState::waiting);
  CHECK(fetching.state(0).attempts == 1);
  CHECK(fetching.state(0).last_error.find("empty file") != std::string::npos);
  CHECK_FALSE(fetching.blob(fetching.folder + "0-audiowav.wav").has_value());

  CHECK(fetching.run_to_the_end() > 1);
  CHECK(fetching.state(0).state == FileState::fetched);
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav") ==
        fetching.at_acs.files[Fetching::content(0)]);
}

TEST_CASE("a page of an error in the place of audio is not kept") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.tell();
  const auto good = fetching.at_acs.files[Fetching::content(0)];
  const std::string page = "<html>sign in</html>";
  fetching.at_acs.files[Fetching::content(0)] = Bytes(page.begin(), page.end());

  CHECK_FALSE(fetching.attempt());
  CHECK_FALSE(fetching.blob(fetching.folder + "0-audiowav.wav").has_value());

  fetching.at_acs.files[Fetching::content(0)] = good;
  fetching.runtime.advance(1min);
  CHECK(fetching.attempt());
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav") == good);
}

TEST_CASE("an attempt goes on where the last one broke off") {
  Fetching fetching;
  fetching.keep(0, 20);  // ten pieces
  fetching.tell();
  int answers = 0;
  fetching.at_acs.before = [&] {
    if (++answers == 6)  // the metadata and four pieces are there
      for (int i = 0; i < 2; ++i)
        fetching.at_acs.errors.push_back({.kind = ErrorKind::unavailable, .message = "no line"});
  };

  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.state(0).block_hashes.size() == 4);
  fetching.at_acs.before = {};
  fetching.at_acs.reads.clear();
  fetching.remake();  // another process
  fetching.runtime.advance(1min);
  CHECK(fetching.attempt());

  const auto first_audio = std::ranges::find_if(
      fetching.at_acs.reads, [](const std::string& read) { return read.contains("video"); });
  REQUIRE(first_audio != fetching.at_acs.reads.end());
  CHECK(*first_audio == Fetching::content(0) + " " + std::to_string(4 * (64 << 10)));
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav") ==
        fetching.at_acs.files[Fetching::content(0)]);
}

TEST_CASE("a file that is another one since is fetched from its beginning") {
  Fetching fetching;
  fetching.keep(0, 20);
  fetching.tell();
  int answers = 0;
  fetching.at_acs.before = [&] {
    if (++answers != 6) return;
    const auto shorter = seconds_of_wav(19.5);
    fetching.at_acs.files[Fetching::content(0)] = shorter;
  };
  CHECK(fetching.attempt());
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav") == seconds_of_wav(19.5));
}

TEST_CASE("a file that is shorter than its metadata says is asked for again, then taken") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.at_acs.files[Fetching::content(0)] = seconds_of_wav(12);
  fetching.tell();
  CHECK(fetching.run_to_the_end() == 4);
  CHECK(fetching.state(0).state == FileState::fetched);
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav") == seconds_of_wav(12));
}

TEST_CASE("bytes that read back differently are never confirmed") {
  // A store that spoils one committed file, once.
  struct SpoilingStore : blob::MemoryBlobStore {
    using MemoryBlobStore::MemoryBlobStore;
    Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                             std::string etag) override {
      const bool spoil = name.text.ends_with(".wav") && offset > 0 && !std::exchange(spoiled, true);
      auto bytes = co_await MemoryBlobStore::read(std::move(name), offset, length, std::move(etag));
      if (spoil && bytes) bytes->at(7) ^= 1;
      co_return bytes;
    }
    bool spoiled = false;
  };
  Fetching fetching;
  fetching.keep(0, 20);
  fetching.tell();
  SpoilingStore spoiling(fetching.runtime.clock());
  RecordingFetchOptions options{.delete_at_acs = true, .fetcher = {.piece_bytes = 64 << 10}};
  RecordingFetch fetch({fetching.store, fetching.store, fetching.at_acs, spoiling, fetching.alerts,
                        fetching.runtime.clock(), fetching.counters, fetching.log},
                       options);
  auto outcome = fetching.wait(fetch.run(fetching.job));
  CHECK(std::holds_alternative<JobRetry>(outcome));
  CHECK(fetching.state(0).state == FileState::waiting);
  CHECK(fetching.at_acs.removed.empty());
  outcome = fetching.wait(fetch.run(fetching.job));
  CHECK(std::holds_alternative<JobDone>(outcome));
  CHECK(fetching.state(0).state == FileState::fetched);
  CHECK(fetching.at_acs.removed.size() == 1);
}

TEST_CASE("what was confirmed is deleted at ACS when that is wanted") {
  Fetching fetching;
  fetching.remake({.delete_at_acs = true});
  fetching.keep(0, 40);
  fetching.tell();
  SUBCASE("at once") {
    CHECK(fetching.attempt());
    CHECK(fetching.at_acs.removed == std::vector<std::string>{host + "0"});
    CHECK(fetching.state(0).deleted_at.has_value());
  }
  SUBCASE("and again when ACS would not, without fetching anything twice") {
    fetching.at_acs.removal_errors.push_back({.kind = ErrorKind::unavailable, .message = "500"});
    CHECK_FALSE(fetching.attempt());
    CHECK(fetching.state(0).state == FileState::fetched);
    fetching.at_acs.reads.clear();
    CHECK(fetching.attempt());
    CHECK(fetching.at_acs.reads.empty());
    CHECK(fetching.at_acs.removed.size() == 2);
    CHECK(fetching.state(0).deleted_at.has_value());
  }
}

TEST_CASE("audio does not wait for metadata that cannot be had") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.at_acs.files.erase(host + "0/content/acsmetadata");
  fetching.tell();
  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.blob(fetching.folder + "0-audiowav.wav").has_value());
  CHECK(fetching.state(0).state == FileState::waiting);
  fetching.run_to_the_end();  // until it expires
  CHECK(fetching.state(0).state == FileState::fetched);
  CHECK(fetching.alerts.raised.empty());
}

TEST_CASE("what expires before it was fetched is an alert, and the job ends") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.at_acs.files.clear();
  fetching.tell();
  fetching.run_to_the_end();
  CHECK(fetching.runtime.clock().wall_now() == fetching.told[0].expires_at);
  CHECK(fetching.state(0).state == FileState::expired);
  REQUIRE(fetching.alerts.raised.size() == 1);
  CHECK(fetching.alerts.raised[0].kind == "service_copy_expired");
}

TEST_CASE("a location on a foreign host is told to a person once, and tried until it expires") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.at_acs.forbidden = host;
  fetching.tell();
  CHECK_FALSE(fetching.attempt());
  fetching.runtime.advance(1min);
  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.at_acs.reads.empty());
  REQUIRE(fetching.alerts.raised.size() == 1);
  CHECK(fetching.alerts.raised[0].kind == "recording_download_refused");
  fetching.at_acs.forbidden.clear();  // the operator names the host
  fetching.runtime.advance(1min);
  CHECK(fetching.attempt());
}

TEST_CASE("our database away delays the fetching") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.tell();
  fetching.store.fail_next_commits(2);
  CHECK_FALSE(fetching.attempt());
  fetching.store.fail_next_commits(0);
  CHECK(fetching.attempt());
  CHECK(fetching.state(0).state == FileState::fetched);
}

TEST_CASE("our store away delays the fetching") {
  Fetching fetching;
  fetching.keep(0, 40);
  fetching.tell();
  fetching.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "storage away"});
  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.attempt());
  CHECK(fetching.state(0).state == FileState::fetched);
}

// The customer's own container.

namespace {

struct SecondCopying : Fetching {
  SecondCopying() : Fetching(true) {
    recording.folder = "20260302/" + call.server_call_id.text + "/rec/";
  }
  // As discovery left it.
  void exported(std::uint32_t index, const Bytes& file, double seconds,
                std::optional<Duration> duration) {
    const auto name = fmt::format("{}{}-audiowav.wav", recording.folder, index);
    put_blob(name, file);
    chunks.push_back({.recording = recording.id,
                      .index = {index},
                      .audio = {name},
                      .metadata = {},
                      .document_id = {},
                      .bytes = file.size(),
                      .format = {.sample_rate_hz = 16'000, .channels = 1},
                      .data_offset = 44,
                      .data_bytes = static_cast<std::uint64_t>(seconds * 16'000) * 2,
                      .start = {},
                      .duration = duration,
                      .etag = {}});
  }
  void tell_and_find() {
    tell();
    Changes changes;
    changes.chunks = chunks;
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  std::optional<SecondCopy> second_copy(std::uint32_t index) {
    ByosChunkSource source(blobs, store, runtime.clock(), inline_offload, counters, log);
    SecondCopies copies(store, source, runtime.clock());
    const auto all = wait(copies.all_of(recording.id));
    REQUIRE(all.has_value());
    auto found = wait(copies.find(recording.id, {index}));
    REQUIRE(found.has_value());
    CHECK(found->has_value() == std::ranges::any_of(*all, [&](const SecondCopy& copy) {
            return copy.chunk.index.value == index;
          }));
    return *found;
  }
  std::vector<Chunk> chunks;
};

}  // namespace

TEST_CASE("a chunk that is whole in the customer's container is not fetched from ACS") {
  SecondCopying copying;
  copying.keep(0, 40);
  copying.exported(0, seconds_of_wav(40), 40, 40s);
  copying.tell_and_find();
  CHECK(copying.attempt());
  CHECK(copying.state(0).state == FileState::not_needed);
  CHECK(copying.at_acs.reads.empty());
  CHECK_FALSE(copying.second_copy(0).has_value());
}

TEST_CASE("of a chunk that is missing, torn or empty the second copy is fetched beside it") {
  SecondCopying copying;
  copying.keep(0, 25);
  copying.keep(1, 15);
  SUBCASE("missing") { copying.exported(0, seconds_of_wav(25), 25, 25s); }
  SUBCASE("shorter than its metadata says") {
    copying.exported(0, seconds_of_wav(25), 25, 25s);
    copying.exported(1, seconds_of_wav(7), 7, 15s);
  }
  SUBCASE("cut behind a header that promises more") {
    copying.exported(0, seconds_of_wav(25), 25, 25s);
    auto torn = seconds_of_wav(15);
    torn.resize(torn.size() / 2);
    copying.exported(1, torn, 7.4, std::nullopt);
  }
  SUBCASE("of 0 bytes") {
    copying.exported(0, seconds_of_wav(25), 25, 25s);
    copying.exported(1, {}, 0, 15s);
  }
  copying.tell_and_find();

  CHECK(copying.attempt());

  CHECK(copying.state(0).state == FileState::not_needed);
  CHECK(copying.state(1).state == FileState::fetched);
  const auto copy = copying.second_copy(1);
  REQUIRE(copy.has_value());
  CHECK(copy->unusable.empty());
  CHECK(copy->chunk.audio.text == copying.recording.folder + "second-copy-1.wav");
  CHECK(copy->chunk.data_bytes == 15 * 32'000);
  CHECK(copy->chunk.duration == 15s);
  CHECK(copy->sha256 == crypto::to_hex(crypto::sha256(seconds_of_wav(15))));
  CHECK_FALSE(copying.second_copy(0).has_value());
  // No search takes it for a chunk.
  CHECK_FALSE(parse_chunk_name(copy->chunk.audio.text).has_value());
  CHECK_FALSE(parse_chunk_name(copy->chunk.metadata.text).has_value());
  CHECK(copying.at_acs.removed.empty());
}

TEST_CASE("a chunk without metadata in the container is measured by what ACS says of it") {
  SecondCopying copying;
  copying.keep(0, 40);
  copying.exported(0, seconds_of_wav(11), 11, std::nullopt);
  copying.tell_and_find();
  CHECK(copying.attempt());
  CHECK(copying.state(0).state == FileState::fetched);
}

TEST_CASE("a location in the customer's own container is no second copy, and no alarm") {
  SecondCopying copying;
  copying.keep(0, 40);
  copying.at_acs.forbidden = host;
  copying.tell_and_find();
  CHECK_FALSE(copying.attempt());
  CHECK(copying.alerts.raised.empty());
  copying.exported(0, seconds_of_wav(40), 40, 40s);
  Changes changes;
  changes.chunks = copying.chunks;
  REQUIRE(copying.wait(copying.store.commit(std::move(changes))).has_value());
  CHECK(copying.attempt());
  CHECK(copying.state(0).state == FileState::not_needed);
}

TEST_CASE("of an erased call nothing is fetched from ACS") {
  Fetching fetching;
  fetching.keep(0, 25);
  fetching.tell();
  erase_rows(fetching);
  CHECK(fetching.attempt());
  CHECK(fetching.wait(fetching.blobs.list({}))->blobs.empty());
}

TEST_CASE("what waits at ACS is fetched when the erasure of its call was refused after all") {
  Fetching fetching;
  fetching.keep(0, 25);
  fetching.tell();
  begin_erasure(fetching);
  CHECK_FALSE(fetching.attempt());
  CHECK(fetching.wait(fetching.blobs.list({}))->blobs.empty());
  refuse_erasure(fetching);
  CHECK(fetching.attempt());
  CHECK_FALSE(fetching.wait(fetching.blobs.list({}))->blobs.empty());
}
