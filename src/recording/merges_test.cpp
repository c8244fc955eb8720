// Asking for merges, making them, and what may happen in between.
#include "recording/merges.hpp"

#include "base/crypto.hpp"
#include "base/task_group.hpp"
#include "recording/recording_merger.hpp"
#include "recording/testing/erased.hpp"
#include "recording/testing/recorded_call.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <functional>
#include <memory>
#include <numbers>
#include <optional>
#include <span>
#include <utility>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

// Work that takes time; and after so many pieces of it something happens.
class SlowOffload : public Offload {
 public:
  explicit SlowOffload(Clock& clock) : clock_(clock) {}
  Task<void> run(std::move_only_function<void()> work) override {
    if (takes > 0s) co_await clock_.sleep_for(takes);
    work();
    if (--left == 0) then();
    co_return;
  }
  Duration takes = 0s;
  int left = 0;
  std::function<void()> then;

 private:
  Clock& clock_;
};

Bytes tone(double hz, std::uint32_t rate, double seconds) {
  Bytes out;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(rate * seconds); ++i)
    put16(out, static_cast<std::uint32_t>(
                   std::lround(8'000 * std::sin(2 * std::numbers::pi * hz * i / rate))));
  return out;
}

Task<void> keep(Task<JobOutcome> task, std::optional<JobOutcome>* outcome) {
  *outcome = co_await std::move(task);
}

struct NoDecoders : FrameDecoders {
  Result<std::unique_ptr<FrameDecoder>> open_mp3(AudioFormat, std::uint32_t) override {
    return fail(ErrorKind::unavailable, "there is no decoder");
  }
};

struct MergedCall : RecordedCall {
  MergedCall() { store_call(); }

  void add_chunk(std::uint32_t index, const Bytes& samples, std::uint32_t rate = 16'000) {
    Chunk chunk;
    chunk.recording = recording.id;
    chunk.index = {index};
    chunk.audio = {"folder/" + std::to_string(index) + "-audiowav.wav"};
    const auto file = wav_of(samples, rate);
    chunk.bytes = file.size();
    chunk.format = {rate, 1, 16};
    chunk.data_offset = 44;
    chunk.data_bytes = samples.size();
    put_blob(chunk.audio.text, file);
    chunk.etag = wait(blobs.info(chunk.audio))->etag;
    Changes changes;
    changes.chunks.push_back(chunk);
    changes.discoveries.push_back({.recording = recording.id, .folder = "folder/"});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  Result<RequestedMerge> request(AudioRequest wanted = {}) {
    return wait(merges.request(recording.id, wanted));
  }
  Job job(int number = 1, WallTime deadline = at("2026-03-03T09:15:40Z")) {
    return {.kind = merge_recording_job,
            .subject = recording.id.text,
            .payload = std::to_string(number),
            .deadline = deadline};
  }
  JobOutcome run(int number = 1) { return wait(merger.run(job(number))); }
  Merge find(int number = 1) {
    auto merge = wait(merges.find(recording.id, number));
    REQUIRE(merge.has_value());
    return *merge;
  }
  Bytes blob(const BlobName& name) {
    auto bytes = wait(blobs.read(name, 0, 64 << 20, ""));
    REQUIRE(bytes.has_value());
    return *bytes;
  }

  ByosChunkSource source{blobs, store, runtime.clock(), inline_offload, counters, log};
  SlowOffload offload{runtime.clock()};
  RecordingQueries queries{{store, source, blobs, spool}};
  NoDecoders decoders;
  AudioConversion conversion{decoders, offload};
  AudioOpener opener{{store, source, blobs, spool, &conversion}};
  MergeServices services{store, store, queries, opener, blobs, runtime.clock(), counters, log};
  Merges merges{services, {.unfinished_max = 3, .per_recording_max = 4}};
  RecordingMerger merger{services, offload};
};

}  // namespace

TEST_CASE("a merge is the samples of all chunks behind one header, and tells its hash and format") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 1'000));
  call.add_chunk(1, counting_samples(1'000, 500));

  const auto requested = call.request();
  REQUIRE(requested.has_value());
  CHECK(requested->is_new);
  CHECK(requested->merge.state == MergeState::waiting);
  CHECK(requested->merge.bytes_total == 44 + 3'000);
  CHECK(std::holds_alternative<JobDone>(call.run()));

  const auto merge = call.find();
  CHECK(merge.state == MergeState::done);
  CHECK(merge.blob.text == "folder/merged-1-acs.wav");
  CHECK(merge.bytes_done == merge.bytes_total);
  CHECK(merge.format == AudioFormat{16'000, 1, 16});
  const auto file = call.blob(merge.blob);
  CHECK(file == wav_of(counting_samples(0, 1'500)));
  CHECK(merge.sha256 == crypto::to_hex(crypto::sha256(file)));

  auto opened = call.wait(call.merges.open(call.recording.id, 1));
  REQUIRE(opened.has_value());
  CHECK(opened->reader->size() == file.size());
  CHECK(*call.wait(opened->reader->read(40, 8)) == Bytes(file.begin() + 40, file.begin() + 48));
}

TEST_CASE("a merge longer than a block is written in blocks") {
  MergedCall call;
  const auto samples = counting_samples(0, 9u << 19);  // 9 MiB
  call.add_chunk(0, samples);
  REQUIRE(call.request().has_value());
  CHECK(std::holds_alternative<JobDone>(call.run()));
  CHECK(call.blobs.calls().stages == 2);
  CHECK(call.blob(call.find().blob) == wav_of(samples));
}

TEST_CASE("the same audio asked for twice is merged once, other audio is a merge of its own") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 100));
  REQUIRE(call.request().has_value());
  auto again = call.request();
  REQUIRE(again.has_value());
  CHECK_FALSE(again->is_new);
  CHECK(again->merge.number == 1);
  CHECK(std::holds_alternative<JobDone>(call.run()));
  CHECK(call.request()->merge.state == MergeState::done);

  const auto channel = call.request({.channels = {.pick = ChannelPick::numbered, .number = 0}});
  REQUIRE(channel.has_value());
  CHECK(channel->is_new);
  CHECK(channel->merge.number == 2);
  CHECK(channel->merge.channels == "0");

  // What was removed can be asked for again.
  REQUIRE(call.wait(call.blobs.remove(call.find().blob)).has_value());
  auto opened = call.wait(call.merges.open(call.recording.id, 1));
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().kind == ErrorKind::not_found);
  CHECK(call.request()->is_new);
}

TEST_CASE("a chunk that was found since makes another merge") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 100));
  REQUIRE(call.request().has_value());
  CHECK(std::holds_alternative<JobDone>(call.run()));
  call.add_chunk(1, counting_samples(100, 100));
  const auto again = call.request();
  REQUIRE(again.has_value());
  CHECK(again->is_new);
  CHECK(again->merge.bytes_total == 44 + 400);
}

TEST_CASE("a merge that was cut off is made again from the beginning") {
  MergedCall call;
  const auto samples = counting_samples(0, 9u << 19);
  call.add_chunk(0, samples);
  REQUIRE(call.request().has_value());

  SUBCASE("by the end of the service") {
    call.offload.left = 1;
    call.offload.then = [&] { call.merger.stop(); };
    const auto cut = call.run();
    REQUIRE(std::holds_alternative<JobRetry>(cut));
    CHECK(std::get<JobRetry>(cut).error == "the service is stopping");
    CHECK(call.find().attempts == 0);
    RecordingMerger next(call.services, call.offload);
    CHECK(std::holds_alternative<JobDone>(call.wait(next.run(call.job()))));
  }
  SUBCASE("by storage that went away") {
    call.offload.left = 1;
    call.offload.then = [&] {
      call.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "away"});
    };
    const auto cut = call.run();
    REQUIRE(std::holds_alternative<JobRetry>(cut));
    CHECK(call.find().state == MergeState::waiting);
    CHECK(call.find().error == "away");
    CHECK(std::holds_alternative<JobDone>(call.run()));
  }
  SUBCASE("when all was done but the job's own end") {
    CHECK(std::holds_alternative<JobDone>(call.run()));
    const auto stages = call.blobs.calls().stages;
    CHECK(std::holds_alternative<JobDone>(call.run()));
    CHECK(call.blobs.calls().stages == stages);
  }
  CHECK(call.find().state == MergeState::done);
  CHECK(call.blob(call.find().blob) == wav_of(samples));
}

TEST_CASE("a merge tells how far it is, and no more of them run than may") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 9u << 19));
  REQUIRE(call.request().has_value());
  REQUIRE(call.request({.channels = {.pick = ChannelPick::mixed}}).has_value());
  RecordingMerger single(call.services, call.offload, {.running_max = 1});
  std::optional<JobOutcome> first;
  call.offload.takes = 2s;
  TaskGroup group(call.runtime.executor(), call.runtime.clock(), call.log, "merge");
  group.spawn(keep(single.run(call.job()), &first));
  call.runtime.advance(3s);
  CHECK(call.find().state == MergeState::running);
  CHECK(call.find().bytes_done == 8u << 20);
  const auto early = call.wait(call.merges.open(call.recording.id, 1));
  REQUIRE_FALSE(early.has_value());
  CHECK(early.error().kind == ErrorKind::conflict);

  const auto beside = call.wait(single.run(call.job(2)));
  REQUIRE(std::holds_alternative<JobRetry>(beside));
  CHECK(call.find(2).state == MergeState::waiting);
  call.runtime.advance(3s);
  REQUIRE(first.has_value());
  CHECK(std::holds_alternative<JobDone>(*first));
  CHECK(call.wait(single.run(call.job(2))).index() == 0);
}

TEST_CASE("what cannot be merged is refused before a job is made of it") {
  MergedCall call;
  auto none = call.request();
  REQUIRE_FALSE(none.has_value());
  CHECK(none.error().kind == ErrorKind::not_found);

  call.add_chunk(0, counting_samples(0, 100));
  CHECK(call.request({.source = AudioSource::repaired}).error().kind == ErrorKind::conflict);
  CHECK(call.request({.source = AudioSource::tap}).error().kind == ErrorKind::not_found);
  CHECK(call.request({.channels = {.pick = ChannelPick::caller}}).error().kind ==
        ErrorKind::conflict);
  CHECK(call.request({.channels = {.pick = ChannelPick::numbered, .number = 1}}).error().kind ==
        ErrorKind::not_found);
  CHECK(call.wait(call.merges.request({"nobody"}, {})).error().kind == ErrorKind::not_found);
  CHECK(call.wait(call.merges.list(call.recording.id))->empty());
  CHECK(call.wait(call.merges.open(call.recording.id, 1)).error().kind == ErrorKind::not_found);
}

TEST_CASE("merges are bounded: those that wait, and those of a recording") {
  MergedCall call;
  for (std::uint32_t i = 0; i < 3; ++i) {
    call.add_chunk(i, counting_samples(i, 100));
    REQUIRE(call.request().has_value());
  }
  call.add_chunk(3, counting_samples(3, 100));
  const auto fourth = call.request();
  REQUIRE_FALSE(fourth.has_value());
  CHECK(fourth.error().status == 429);
  CHECK(fourth.error().retry_after_ms > 0);

  CHECK(std::holds_alternative<JobDone>(call.run(1)));
  CHECK(std::holds_alternative<JobDone>(call.run(2)));
  CHECK(std::holds_alternative<JobDone>(call.run(3)));
  // Each was made of all that was there by then.
  CHECK_FALSE(call.request()->is_new);
  call.add_chunk(4, counting_samples(4, 100));
  REQUIRE(call.request().has_value());
  CHECK(std::holds_alternative<JobDone>(call.run(4)));
  call.add_chunk(5, counting_samples(5, 100));
  const auto fifth = call.request();
  REQUIRE_FALSE(fifth.has_value());
  CHECK(fifth.error().kind == ErrorKind::conflict);
}

TEST_CASE("a merge whose chunk is gone fails for good, says why, and leaves nothing behind") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 100));
  REQUIRE(call.request().has_value());
  REQUIRE(call.wait(call.blobs.remove({"folder/0-audiowav.wav"})).has_value());
  CHECK(std::holds_alternative<JobDone>(call.run()));
  const auto merge = call.find();
  CHECK(merge.state == MergeState::failed);
  CHECK_FALSE(merge.error.empty());
  CHECK(call.wait(call.blobs.info(merge.blob)).error().kind == ErrorKind::not_found);
  CHECK(call.wait(call.merges.open(call.recording.id, 1)).error().kind == ErrorKind::conflict);
}

TEST_CASE("a merge that cannot be made until its deadline has failed") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 100));
  REQUIRE(call.request().has_value());
  call.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "away"});
  const auto late = call.wait(call.merger.run(call.job(1, at("2026-03-02T09:15:41Z"))));
  CHECK(std::holds_alternative<JobDone>(late));
  CHECK(call.find().state == MergeState::failed);
}

TEST_CASE("chunks of different sample rates become one file at the higher rate") {
  MergedCall call;
  call.add_chunk(0, tone(440, 16'000, 5.5), 16'000);
  call.add_chunk(1, tone(440, 24'000, 0.5), 24'000);
  CHECK(call.wait(call.queries.open_audio(call.recording.id, {})).error().kind ==
        ErrorKind::conflict);

  REQUIRE(call.request().has_value());
  CHECK(std::holds_alternative<JobDone>(call.run()));
  const auto merge = call.find();
  CHECK(merge.format == AudioFormat{24'000, 1, 16});
  const auto file = call.blob(merge.blob);
  const auto sample = [&](std::size_t i) {
    return static_cast<std::int16_t>(
        static_cast<std::uint16_t>(file.at(44 + 2 * i) | file.at(45 + 2 * i) << 8));
  };
  REQUIRE(file.size() == 44 + 2 * 6 * 24'000);
  // Inside each chunk the tone is what it would be at that rate; stretches join without a seam.
  double worst = 0;
  for (std::size_t i = 240; i < 132'000 - 240; ++i)
    worst =
        std::max(worst, std::abs(sample(i) - 8'000 * std::sin(2 * std::numbers::pi * 440 *
                                                              static_cast<double>(i) / 24'000)));
  CHECK(worst < 4);
  CHECK(std::ranges::equal(std::span(file).last(24'000), tone(440, 24'000, 0.5)));
}

TEST_CASE("a merge of an erased call ends quietly, and leaves no file") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 1'000));
  REQUIRE(call.request().has_value());
  SUBCASE("before it began") {}
  SUBCASE("when its audio is gone, and its call is being erased") {
    begin_erasure(call);
    CHECK(std::holds_alternative<JobRetry>(call.run()));
  }
  erase_rows(call);
  CHECK(std::holds_alternative<JobDone>(call.run()));
  CHECK(call.wait(call.blobs.list({}))->blobs.size() == 1);
}

TEST_CASE("a merge is made when the erasure of its call was refused after all") {
  MergedCall call;
  call.add_chunk(0, counting_samples(0, 1'000));
  REQUIRE(call.request().has_value());
  begin_erasure(call);
  const auto late = call.run();
  REQUIRE(std::holds_alternative<JobRetry>(late));
  CHECK(std::get<JobRetry>(late).at == call.runtime.clock().wall_now() + call_erasing_retry);
  CHECK(call.request({.channels = {.pick = ChannelPick::numbered, .number = 0}}).error().code ==
        call_erasing_code);
  refuse_erasure(call);
  CHECK(std::holds_alternative<JobDone>(call.run()));
  CHECK(call.find().state == MergeState::done);
  CHECK(*call.wait(call.store.unfinished_merges()) == 0);
}
