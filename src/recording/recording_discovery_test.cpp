#include "recording/recording_discovery.hpp"

#include "recording/recording_queries.hpp"
#include "recording/testing/erased.hpp"
#include "recording/testing/recorded_call.hpp"

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

struct Search : RecordedCall {
  Search()
      : source(blobs, store, runtime.clock(), inline_offload, counters, log),
        discovery(store, source, alerts, runtime.clock(), counters, log, options()),
        queries({store, source, blobs, spool}) {
    job = {.id = {"job"},
           .kind = discover_recording_job,
           .subject = recording.id.text,
           .added_at = runtime.clock().wall_now()};
    folder = "20260302/" + call.server_call_id.text + "/rec/";
  }
  static DiscoveryOptions options() {
    return {.retry_first = 1s, .retry_max = 60s, .search_for = 30min, .end_tolerance = 3s};
  }
  void put_chunk(int index, double seconds, std::string_view start = "") {
    put_blob(fmt::format("{}{}-audiowav.wav", folder, index), seconds_of_wav(seconds));
    if (!start.empty())
      put_text(fmt::format("{}{}-acsmetadata.json", folder, index),
               metadata(start, static_cast<int>(seconds * 1'000), index));
  }
  // One attempt, as the job runner makes it. True: the job is done.
  bool attempt() {
    auto outcome = wait(discovery.run(job));
    if (const auto* retry = std::get_if<JobRetry>(&outcome)) {
      last = *retry;
      ++job.attempts;
      if (!retry->payload.empty()) job.payload = retry->payload;
      return false;
    }
    REQUIRE(std::holds_alternative<JobDone>(outcome));
    return true;
  }
  // Attempts at the times that the handler asks for. Returns how many there were.
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
  Recording stored() { return *wait(store.load_recording(recording.id)); }
  std::vector<Chunk> chunks() { return *wait(store.chunks_of(recording.id)); }

  Job job;
  JobRetry last;
  std::string folder;
  ByosChunkSource source;
  RecordingDiscovery discovery;
  RecordingQueries queries;
};

}  // namespace

TEST_CASE("a recording of two chunks is found, described and stored at once") {
  Search search;
  search.store_call();
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");
  search.put_chunk(1, 14.8, "2026-03-02T09:15:25.2Z");

  CHECK(search.attempt());

  const auto recording = search.stored();
  CHECK(recording.discovery == Discovery::found);
  CHECK(recording.folder == search.folder);
  CHECK(recording.discovered_at.has_value());
  const auto chunks = search.chunks();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].format == AudioFormat{16'000, 1, 16});
  CHECK(chunks[0].data_offset == 44);
  CHECK(chunks[0].data_bytes == 25 * 32'000);
  CHECK(chunks[0].bytes == 25 * 32'000 + 44);
  CHECK(chunks[1].start == at("2026-03-02T09:15:25.2Z"));
  CHECK(chunks[1].duration == Duration(14'800ms));
  CHECK_FALSE(chunks[1].etag.empty());
  CHECK(search.log.contains("[BYOS] Discovered 2 audio chunk(s) in " + search.folder));
  CHECK(search.alerts.raised.empty());
  CHECK(search.wait(search.store.journal_of(search.call.id))->size() == 1);
}

TEST_CASE("chunks that come late and out of order are waited for") {
  Search search;
  search.store_call();

  CHECK_FALSE(search.attempt());
  CHECK(search.last.error == "no chunk was found");
  CHECK(search.stored().discovery == Discovery::searching);
  search.put_chunk(1, 14.8, "2026-03-02T09:15:25.2Z");
  CHECK_FALSE(search.attempt());
  CHECK(search.last.error == "chunk 0 is missing");
  CHECK(search.chunks().size() == 1);
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");

  CHECK(search.attempt());
  CHECK(search.stored().discovery == Discovery::found);
  CHECK(search.chunks().size() == 2);
}

TEST_CASE("the first chunk alone is not the recording when it ends early") {
  Search search;
  search.store_call();
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");

  CHECK_FALSE(search.attempt());

  CHECK(search.last.error == "the last chunk ends 14.8 s before the recording did");
  CHECK(search.stored().discovery == Discovery::searching);
}

TEST_CASE("a recording whose end was learnt late is whole when nothing more appears") {
  Search search;
  search.recording.ended_at = at("2026-03-02T09:16:30Z");  // a poll found it gone
  search.recording.ended_after = at("2026-03-02T09:15:35Z");
  search.store_call();
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");
  CHECK_FALSE(search.attempt());
  CHECK(search.last.error == "the last chunk ends 64.8 s before the recording did");
  search.runtime.clock().set_wall(at("2026-03-02T09:25:00Z"));
  search.put_chunk(1, 14.8, "2026-03-02T09:15:25.2Z");

  // Nine minutes later, but one has just appeared.
  CHECK_FALSE(search.attempt());
  search.runtime.clock().set_wall(at("2026-03-02T09:34:59Z"));
  CHECK_FALSE(search.attempt());
  CHECK(search.stored().discovery == Discovery::searching);
  search.runtime.clock().set_wall(at("2026-03-02T09:35:01Z"));

  CHECK(search.attempt());
  CHECK(search.stored().discovery == Discovery::found);
  CHECK(search.alerts.raised.empty());
}

TEST_CASE("a recording whose end was learnt late lacks what it is known to have had") {
  for (const auto& [index, start] :
       {std::pair(1, "2026-03-02T09:15:25.2Z"), std::pair(0, "2026-03-02T09:15:00.2Z")}) {
    CAPTURE(index);
    Search search;
    search.recording.ended_at = at("2026-03-02T09:16:30Z");
    search.recording.ended_after = at("2026-03-02T09:15:35Z");
    search.store_call();
    search.put_chunk(index, 20, start);
    search.run_to_the_end();
    CHECK(search.stored().discovery == Discovery::incomplete);
  }
}

TEST_CASE("a recording whose end was learnt late is whole when ACS names its last chunk") {
  Search search;
  search.recording.ended_at = at("2026-03-02T09:16:30Z");  // a poll found it gone
  search.store_call();
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");
  search.put_chunk(1, 14.8, "2026-03-02T09:15:25.2Z");
  CHECK_FALSE(search.attempt());
  const auto tell = [&](std::string_view recording, int index, std::string_view reason) {
    Changes changes;
    changes.journal.push_back(
        {.call = search.call.id,
         .type = "event RecordingFileStatusUpdated",
         .detail = fmt::format(R"({{"recording":"{}","chunks":[{{"index":{},"endReason":"{}"}}]}})",
                               recording, index, reason)});
    REQUIRE(search.wait(search.store.commit(std::move(changes))).has_value());
  };

  tell("another", 1, "SessionEnded");
  tell(search.recording.id.text, 1, "ChunkMaximumSizeExceeded");
  CHECK_FALSE(search.attempt());
  SUBCASE("the last chunk is here") {
    tell(search.recording.id.text, 1, "SessionEnded");
    CHECK(search.attempt());
    CHECK(search.stored().discovery == Discovery::found);
    CHECK(search.alerts.raised.empty());
  }
  SUBCASE("the last chunk is still to come") {
    tell(search.recording.id.text, 2, "SessionEnded");
    CHECK_FALSE(search.attempt());
  }
}

TEST_CASE("spacing grows and the search ends at its deadline, with an alert that says why") {
  Search search;
  search.store_call();
  search.put_chunk(0, 25, "2026-03-02T09:15:00.2Z");
  const auto begun = search.runtime.clock().wall_now();

  const int attempts = search.run_to_the_end();

  const auto took = search.runtime.clock().wall_now() - begun;
  CHECK(took <= 30min);
  CHECK(took >= 28min);
  CHECK(attempts > 20);
  CHECK(attempts < 60);
  CHECK(search.stored().discovery == Discovery::incomplete);
  REQUIRE(search.alerts.raised.size() == 1);
  CHECK(search.alerts.raised[0].kind == "recording_incomplete");
  CHECK(search.alerts.raised[0].recording == search.recording.id);
  CHECK(search.alerts.raised[0].message.find("14.8 s before") != std::string::npos);
}

TEST_CASE("nothing at all is late once, and missing in the end") {
  Search search;
  search.store_call();

  search.run_to_the_end();

  CHECK(search.stored().discovery == Discovery::missing);
  REQUIRE(search.alerts.raised.size() == 2);
  CHECK(search.alerts.raised[0].kind == "recording_late");
  CHECK(search.alerts.raised[1].kind == "recording_missing");
}

TEST_CASE("of a recording that waited for its notice in vain nothing is missed") {
  Search search;
  search.call.consent = RecordingConsent::notice_first;
  search.recording.active_at.reset();
  search.store_call();
  SUBCASE("no chunk") {}
  SUBCASE("a chunk without a sample") { search.put_chunk(0, 0, "2026-03-02T09:15:00.2Z"); }

  search.run_to_the_end();

  CHECK(search.stored().discovery == Discovery::found);
  CHECK(search.alerts.raised.empty());
}

TEST_CASE("the job's own deadline is kept") {
  Search search;
  search.store_call();
  search.job.deadline = search.runtime.clock().wall_now() + 5s;

  CHECK(search.run_to_the_end() <= 4);

  CHECK(search.runtime.clock().wall_now() <= *search.job.deadline);
  CHECK(search.stored().discovery == Discovery::missing);
}

TEST_CASE("an empty file is not audio, and is read again when it has grown") {
  Search search;
  search.store_call();
  search.put_blob(search.folder + "0-audiowav.wav", {});

  CHECK_FALSE(search.attempt());
  CHECK(search.last.error == "chunk 0 holds no audio");
  CHECK(search.log.contains("it is empty"));
  search.put_blob(search.folder + "0-audiowav.wav", seconds_of_wav(39));

  CHECK(search.attempt());
  REQUIRE(search.chunks().size() == 1);
  CHECK(search.chunks()[0].data_bytes == 39 * 32'000);
}

TEST_CASE("a chunk that changed is read again, one that did not is not") {
  Search search;
  search.store_call();
  search.put_chunk(0, 20);
  CHECK_FALSE(search.attempt());
  const auto reads = search.blobs.calls().reads;
  CHECK_FALSE(search.attempt());
  CHECK(search.blobs.calls().reads == reads);
  const auto lines = search.log.lines().size();
  CHECK_FALSE(search.attempt());
  CHECK(search.log.lines().size() == lines);

  search.put_chunk(0, 39);

  CHECK(search.attempt());
  CHECK(search.chunks()[0].data_bytes == 39 * 32'000);
}

TEST_CASE("a torn WAV counts with what is there, a broken one with nothing") {
  Search torn;
  torn.store_call();
  auto file = seconds_of_wav(39);
  file.resize(44 + 32'000 * 38 + 1);
  torn.put_blob(torn.folder + "0-audiowav.wav", file);
  CHECK(torn.attempt());
  CHECK(torn.chunks()[0].data_bytes == 32'000 * 38);
  CHECK(torn.log.contains("promises 31999 bytes more"));

  Search broken;
  broken.store_call();
  broken.put_text(broken.folder + "0-audiowav.wav", "this is no RIFF file");
  CHECK_FALSE(broken.attempt());
  CHECK(broken.log.contains("at byte 0: 'this' stands where RIFF"));
  broken.run_to_the_end();
  CHECK(broken.stored().discovery == Discovery::missing);
}

TEST_CASE("an index that was exported twice is kept once, and the other is noted") {
  Search search;
  search.store_call();
  search.put_blob(search.folder + "0-audiowav.doc-b.wav", seconds_of_wav(39));
  search.put_blob(search.folder + "0-audiowav.doc-a.wav", seconds_of_wav(12));
  search.put_text(search.folder + "0-acsmetadata.doc-a.json",
                  Search::metadata("2026-03-02T09:15:00Z", 12'000));

  CHECK(search.attempt());

  REQUIRE(search.chunks().size() == 1);
  CHECK(search.chunks()[0].document_id == "doc-b");
  CHECK(search.log.contains("duplicates=1"));
}

TEST_CASE("equal exports choose the one with metadata, the same one every time") {
  Search search;
  search.store_call();
  search.put_blob(search.folder + "0-audiowav.doc-a.wav", seconds_of_wav(20));
  search.put_blob(search.folder + "0-audiowav.doc-b.wav", seconds_of_wav(20));
  search.put_text(search.folder + "0-acsmetadata.doc-b.json",
                  Search::metadata("2026-03-02T09:15:00Z", 20'000));

  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(search.attempt());
    REQUIRE(search.chunks().size() == 1);
    CHECK(search.chunks()[0].document_id == "doc-b");
  }
  CHECK(search.wait(search.store.journal_of(search.call.id))->size() == 1);
}

TEST_CASE("metadata that is hostile or missing costs no audio") {
  Search search;
  search.store_call();
  search.put_chunk(0, 39.5);
  search.put_text(search.folder + "0-acsmetadata.json", R"({"chunkStartTime": [[[)");

  CHECK(search.attempt());

  CHECK(search.chunks()[0].data_bytes > 0);
  CHECK_FALSE(search.chunks()[0].start.has_value());
  CHECK(search.log.contains("chunk metadata is no JSON"));
}

TEST_CASE("a paused recording is whole without its pause") {
  Search search;
  search.store_call();
  Changes changes;
  changes.pauses.push_back({.recording = search.recording.id,
                            .from = at("2026-03-02T09:15:10Z"),
                            .to = at("2026-03-02T09:15:25Z")});
  REQUIRE(search.wait(search.store.commit(std::move(changes))).has_value());
  search.put_chunk(0, 24.5, "2026-03-02T09:15:00.3Z");

  CHECK(search.attempt());
}

TEST_CASE("a recording whose end nobody knows yet is searched on") {
  Search search;
  search.recording.ended_at.reset();
  search.call.ended_at.reset();
  search.store_call();
  search.put_chunk(0, 30);

  CHECK_FALSE(search.attempt());
  CHECK(search.last.error == "the recording's end is not known yet");
}

TEST_CASE("storage that is away delays the search and never ends it") {
  Search search;
  search.store_call();
  search.put_chunk(0, 39);
  search.runtime.advance(2h);  // the deadline has long passed
  search.blobs.fail_next(1, {.kind = ErrorKind::unavailable,
                             .message = "503 ServerBusy",
                             .status = 503,
                             .retry_after_ms = 7'000});

  CHECK_FALSE(search.attempt());
  CHECK(search.last.at == search.runtime.clock().wall_now() + 7s);
  CHECK(search.stored().discovery == Discovery::searching);

  CHECK(search.attempt());
  CHECK(search.stored().discovery == Discovery::found);
}

TEST_CASE("storage that is away when the audio is due is told to a person once") {
  Search search;
  search.store_call();
  search.blobs.fail_next(
      1'000, {.kind = ErrorKind::unavailable, .message = "storage answered 503", .status = 503});
  while (search.runtime.clock().wall_now() < *search.recording.ended_at + 1h) {
    CHECK_FALSE(search.attempt());
    if (search.runtime.clock().wall_now() < *search.recording.ended_at + 5min)
      CHECK(search.alerts.raised.empty());
    search.runtime.advance(search.last.at - search.runtime.clock().wall_now());
  }
  REQUIRE(search.alerts.raised.size() == 1);
  CHECK(search.alerts.raised[0].kind == "recording_late");
  CHECK(search.alerts.raised[0].message.find("503") != std::string::npos);

  search.blobs.fail_next(0, {});
  search.put_chunk(0, 40, "2026-03-02T09:15:00Z");
  CHECK(search.attempt());
  CHECK(search.stored().discovery == Discovery::found);
  CHECK(search.alerts.raised.size() == 1);
}

TEST_CASE("a container that says no is told to a person once, and searched until the deadline") {
  Search search;
  search.store_call();
  search.blobs.fail_next(1'000, {.kind = ErrorKind::not_found,
                                 .message = "storage answered 404 ContainerNotFound",
                                 .status = 404,
                                 .code = "ContainerNotFound"});

  CHECK_FALSE(search.attempt());
  CHECK(search.last.error.find("ContainerNotFound") != std::string::npos);
  search.run_to_the_end();

  CHECK(search.stored().discovery == Discovery::missing);
  REQUIRE(search.alerts.raised.size() == 2);
  CHECK(search.alerts.raised[0].kind == "recording_storage_refused");
  CHECK(search.alerts.raised[1].kind == "recording_missing");
}

TEST_CASE("a container that was mended in time loses nothing") {
  Search search;
  search.store_call();
  search.put_chunk(0, 39);
  search.blobs.fail_next(1, {.kind = ErrorKind::refused, .message = "403", .status = 403});

  CHECK_FALSE(search.attempt());
  CHECK(search.attempt());
  CHECK(search.stored().discovery == Discovery::found);
}

TEST_CASE("a database that is away delays the search too") {
  Search search;
  search.store_call();
  search.put_chunk(0, 39);
  search.store.fail_next_commits(1);

  CHECK_FALSE(search.attempt());
  CHECK(search.attempt());
}

TEST_CASE("a found recording that is searched again changes nothing and tells nothing") {
  Search search;
  search.store_call();
  search.put_chunk(0, 39);
  CHECK(search.attempt());
  const auto lines = search.log.lines().size();

  CHECK(search.attempt());

  CHECK(search.log.lines().size() == lines);
  CHECK(search.wait(search.store.journal_of(search.call.id))->size() == 1);
}

TEST_CASE("a job for a recording that is not there is given up") {
  Search search;

  auto outcome = search.wait(search.discovery.run(search.job));

  CHECK(std::holds_alternative<JobGivenUp>(outcome));
}

TEST_CASE("a found recording is listed, described and read as one WAV") {
  Search search;
  search.store_call();
  search.put_blob(search.folder + "0-audiowav.wav", wav_of(counting_samples(0, 320'000)));
  search.put_blob(search.folder + "1-audiowav.wav", wav_of(counting_samples(320'000, 310'000)));
  CHECK(search.attempt());

  auto list = search.wait(search.queries.list({}));
  auto detail = search.wait(search.queries.load(search.recording.id));
  auto audio = search.wait(search.queries.open_audio(search.recording.id, {}));

  REQUIRE(list.has_value());
  REQUIRE(list->size() == 1);
  CHECK((*list)[0].chunks == 2);
  CHECK((*list)[0].audio == Duration(39'375ms));
  REQUIRE(detail.has_value());
  CHECK(detail->missing.empty());
  REQUIRE(audio.has_value());
  CHECK(audio->file_name == "recording-20260302T091500Z.wav");
  auto bytes = search.wait(audio->reader->read(0, ~0ull));
  REQUIRE(bytes.has_value());
  CHECK((*bytes == wav_of(counting_samples(0, 630'000))));

  auto chunk = search.wait(search.queries.open_chunk(search.recording.id, {1}));
  REQUIRE(chunk.has_value());
  CHECK(chunk->reader->size() == 44 + 620'000);
}

TEST_CASE("a hole among the chunks is said, and the rest still plays") {
  Search search;
  search.store_call();
  search.put_chunk(0, 10);
  search.put_chunk(2, 10);
  search.put_blob(search.folder + "3-audiowav.wav", {});
  CHECK_FALSE(search.attempt());

  auto audio = search.wait(search.queries.open_audio(search.recording.id, {}));

  REQUIRE(audio.has_value());
  CHECK(audio->missing == std::vector<ChunkIndex>{{1}, {3}});
  CHECK(audio->reader->size() == 44 + 640'000);
}

TEST_CASE("what is not there cannot be opened") {
  Search search;
  search.store_call();

  auto no_audio = search.wait(search.queries.open_audio(search.recording.id, {}));
  auto no_recording = search.wait(search.queries.open_audio({"nobody"}, {}));
  auto no_chunk = search.wait(search.queries.open_chunk(search.recording.id, {0}));

  REQUIRE_FALSE(no_audio.has_value());
  CHECK(no_audio.error().kind == ErrorKind::not_found);
  REQUIRE_FALSE(no_recording.has_value());
  CHECK(no_recording.error().kind == ErrorKind::not_found);
  REQUIRE_FALSE(no_chunk.has_value());
  CHECK(no_chunk.error().kind == ErrorKind::not_found);
}

TEST_CASE("an MP3 recording is found and joined frame behind frame") {
  Search search;
  search.recording.format = RecordingFormat::mp3;
  search.store_call();
  Bytes mp3(6'000 * 39, 0);
  mp3[0] = 0xFF, mp3[1] = 0xF3, mp3[2] = 0x68, mp3[3] = 0xC4;
  search.put_blob(search.folder + "0-audiomp3.mp3", mp3);

  CHECK(search.attempt());

  auto audio = search.wait(search.queries.open_audio(search.recording.id, {}));
  REQUIRE(audio.has_value());
  CHECK(audio->reader->content_type() == "audio/mpeg");
  CHECK(audio->reader->size() == mp3.size());
}

TEST_CASE("the search for an erased call's chunks ends quietly, before it or in its midst") {
  Search search;
  search.store_call();
  search.put_chunk(0, 40, "2026-03-02T09:15:00Z");
  SUBCASE("before") { erase_rows(search); }
  SUBCASE("in its midst") {
    struct ErasedInBetween : ChunkSource {
      explicit ErasedInBetween(Search& found) : search(found) {}
      Task<Result<std::vector<FoundChunk>>> find(ChunkSearch wanted) override {
        return search.source.find(std::move(wanted));
      }
      Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                               std::string etag) override {
        auto saved = co_await search.store.save_erased_call(
            {"e"}, {.call = search.call.id, .state = ErasureState::erasing}, {});
        if (!saved) co_return Failure(saved.error());
        co_return co_await search.source.read(std::move(name), offset, length, std::move(etag));
      }
      Search& search;
    };
    Erasure erasure{.id = {"e"}, .at = search.runtime.clock().wall_now(), .finished_at = {}};
    erasure.calls.push_back({.call = search.call.id});
    REQUIRE(search.wait(search.store.add_erasure(erasure, {.kind = "none"})).has_value());
    ErasedInBetween source(search);
    RecordingDiscovery discovery(search.store, source, search.alerts, search.runtime.clock(),
                                 search.counters, search.log, Search::options());
    CHECK(std::holds_alternative<JobRetry>(search.wait(discovery.run(search.job))));
    CHECK_FALSE(search.attempt());
    erase_rows(search);
  }
  CHECK(search.attempt());
  CHECK(search.chunks().empty());
  CHECK(search.alerts.raised.empty());
}

TEST_CASE("the search goes on when the erasure of its call was refused after all") {
  Search search;
  search.store_call();
  search.put_chunk(0, 40, "2026-03-02T09:15:00Z");
  begin_erasure(search);
  CHECK_FALSE(search.attempt());
  CHECK(search.chunks().empty());
  refuse_erasure(search);
  CHECK(search.attempt());
  CHECK(search.chunks().size() == 1);
}
