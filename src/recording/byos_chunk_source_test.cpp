#include "recording/byos_chunk_source.hpp"

#include "base/task_group.hpp"
#include "recording/chunk_name.hpp"
#include "recording/folder_doubt.hpp"
#include "recording/testing/recorded_call.hpp"

#include <system_error>

using namespace earshot;
using namespace earshot::recording;
using namespace earshot::recording::testing;

namespace {

struct Container : RecordedCall {
  Container()
      : source(blobs, store, runtime.clock(), inline_offload, counters, log, options(), &store,
               &store) {}
  static ByosOptions options() { return {.sweep_page_size = 100, .sweep_pages_max = 5}; }

  std::vector<FoundChunk> find() {
    auto found = wait(source.find(search()));
    REQUIRE(found.has_value());
    return *found;
  }
  void put_recording(const std::string& folder) {
    put_blob(folder + "0-audiowav.wav", seconds_of_wav(0.01));
    put_text(folder + "0-acsmetadata.json", metadata("2026-03-02T09:15:00.5Z", 40'000));
  }
  // What else lies in the container: other calls of that day.
  void put_others(int count) {
    for (int i = 0; i < count; ++i) {
      const auto folder = fmt::format("20260302/other-{:05}/rec/", i);
      put_blob(folder + "0-audiowav.wav", Bytes(10));
      put_text(folder + "0-acsmetadata.json",
               metadata("2026-03-02T09:15:10Z", 1'000, 0, "other", "4:+15550777"));
    }
  }
  // Why nothing was taken.
  std::string doubt(const Recording& of) {
    auto wanted = search();
    wanted.recording = of;
    wanted.call = *wait(store.load_call(of.call));
    auto found = wait(source.find(wanted));
    REQUIRE_FALSE(found.has_value());
    CHECK(is_folder_in_doubt(found.error()));
    return found.error().message;
  }
  std::size_t found_of(const Recording& of) {
    auto wanted = search();
    wanted.recording = of;
    wanted.call = *wait(store.load_call(of.call));
    auto found = wait(source.find(wanted));
    REQUIRE(found.has_value());
    return found->size();
  }
  // A second call of the same caller, recorded from then on, that overlaps with the first.
  Recording store_second_call(std::string_view start, bool is_import = false) {
    Call second = call;
    second.id = {"99999999-0000-4000-8000-000000000009"};
    second.ring_key = is_import ? "imported/second" : "second";
    second.server_call_id = {"second"};
    second.correlation_id = {"second-correlation"};
    second.connection_id = {"second-connection"};
    second.version = 0;
    Recording other = recording;
    other.id = {"eyJzZWNvbmQifQ"};
    other.call = second.id;
    other.requested_at = at(start) - 1s;
    other.active_at = at(start);
    other.ended_at = at("2026-03-02T09:16:20Z");
    Changes changes;
    changes.calls.push_back(second);
    changes.personal.push_back({.call = second.id, .caller = "+15550123", .called = "+15550199"});
    changes.recordings.push_back(other);
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
    return other;
  }
  void store_chunk(const RecordingId& of, const std::string& audio) {
    Changes changes;
    changes.chunks.push_back({.recording = of, .audio = {audio}, .data_bytes = 320});
    REQUIRE(wait(store.commit(std::move(changes))).has_value());
  }
  void put_folder(const std::string& folder, std::string_view start, std::string_view call_id = "x",
                  std::string_view participant = "4:+15550123") {
    put_blob(folder + "0-audiowav.wav", seconds_of_wav(0.01));
    put_text(folder + "0-acsmetadata.json", metadata(start, 40'000, 0, call_id, participant));
  }
  double sweeps() { return counters.counter("earshot_chunk_sweeps_total", "").value(); }

  ByosChunkSource source;
};

// Work that lasts as long as it is told to, or is refused.
class Pool : public Offload {
 public:
  explicit Pool(Clock& clock) : clock_(clock) {}
  Task<void> run(std::move_only_function<void()> work) override {
    if (std::exchange(refuse_next, false))
      throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    if (takes > 0s) co_await clock_.sleep_for(takes);
    work();
  }
  Duration takes = 0s;
  bool refuse_next = false;

 private:
  Clock& clock_;
};

Task<void> keep(Task<Result<std::vector<FoundChunk>>> task, std::optional<std::size_t>& found) {
  auto chunks = co_await std::move(task);
  if (chunks) found = chunks->size();
}

}  // namespace

TEST_CASE("the second segment may be the serverCallId, in any of its forms, or a call id") {
  const std::string server_call = "aH/R0cHM6+Ly9=";
  for (const std::string& segment : {server_call, percent_encoded(server_call),
                                     std::string("22222222-0000-4000-8000-000000000002"),
                                     std::string("33333333-0000-4000-8000-000000000003")}) {
    CAPTURE(segment);
    Container container;
    container.call.server_call_id = {server_call};
    container.store_call();
    container.put_recording("20260302/" + segment + "/eyJQbGF0-some-guid/");
    container.put_others(20);

    const auto found = container.find();

    REQUIRE(found.size() == 1);
    CHECK(found[0].audio.text == "20260302/" + segment + "/eyJQbGF0-some-guid/0-audiowav.wav");
    CHECK_FALSE(found[0].metadata.empty());
    CHECK(container.sweeps() == 0);
  }
}

TEST_CASE("a call across midnight is looked for on both dates") {
  Container container;
  container.recording.requested_at = at("2026-03-01T23:59:00Z");
  container.recording.active_at = at("2026-03-01T23:59:00Z");
  container.recording.ended_at = at("2026-03-02T00:20:00Z");
  container.store_call();
  const auto id = container.call.server_call_id.text;
  container.put_recording("20260301/" + id + "/rec/");
  container.put_blob("20260302/" + id + "/rec/1-audiowav.wav", seconds_of_wav(0.01));

  const auto found = container.find();

  REQUIRE(found.size() == 2);
  CHECK(found[0].index.value == 0);
  CHECK(found[1].index.value == 1);
  CHECK(found[1].folder.starts_with("20260302/"));
}

TEST_CASE("a recording that began as the date changed is looked for under either") {
  Container container;
  container.recording.active_at = at("2026-03-02T00:00:01Z");
  container.recording.requested_at = at("2026-03-02T00:00:00Z");
  container.recording.ended_at = at("2026-03-02T00:10:00Z");
  container.store_call();
  container.put_recording("20260301/" + container.call.server_call_id.text + "/rec/");

  CHECK(container.find().size() == 1);
}

TEST_CASE("dates are bounded, however long ago the recording was") {
  Container container;
  container.recording.requested_at = at("2025-01-01T10:00:00Z");
  container.recording.active_at = container.recording.requested_at;
  container.recording.ended_at.reset();
  container.store_call();

  CHECK(container.find().empty());

  // Three ids in two forms, but for the GUIDs, which have one: four prefixes on four dates, and one
  // page of each date's sweep.
  CHECK(container.blobs.calls().lists == 4 * 4 + 4);
}

TEST_CASE("the cost of finding does not depend on the size of the container") {
  int lists[2] = {};
  int reads[2] = {};
  for (const int size : {0, 1}) {
    Container container;
    container.store_call();
    container.put_recording("20260302/" + container.call.server_call_id.text + "/rec/");
    container.put_others(size * 1'000);
    const auto before = container.blobs.calls();
    CHECK(container.find().size() == 1);
    lists[size] = container.blobs.calls().lists - before.lists;
    reads[size] = container.blobs.calls().reads - before.reads;
  }
  CHECK(lists[0] == 1);
  CHECK(lists[1] == 1);
  CHECK(reads[0] == reads[1]);
}

TEST_CASE("under an unknown id a folder is found by its recordingId") {
  Container container;
  container.store_call();
  container.put_others(150);
  container.put_recording("20260302/who-knows/" + container.recording.id.text + "/");

  const auto found = container.find();

  REQUIRE(found.size() == 1);
  CHECK(container.sweeps() == 1);
}

TEST_CASE("under an unknown id a folder is found by the call in its metadata, whatever the case") {
  Container container;
  container.call.correlation_id = {"ABCDEF22-0000-4000-8000-000000000002"};
  container.store_call();
  container.put_others(30);
  const std::string folder = "20260302/who-knows/x/";
  container.put_blob(folder + "0-audiowav.wav", seconds_of_wav(0.01));
  container.put_text(folder + "0-acsmetadata.json",
                     Container::metadata("2026-03-02T09:15:01Z", 1, 0,
                                         "abcdef22-0000-4000-8000-000000000002", "8:acs:x"));

  CHECK(container.find().size() == 1);
}

TEST_CASE("under an unknown id a folder is found by its time and the caller together") {
  Container container;
  container.store_call();
  container.put_others(30);
  container.put_recording("20260302/who-knows/x/");

  CHECK(container.find().size() == 1);
}

TEST_CASE("time alone is no evidence, nor is the caller alone") {
  Container container;
  container.store_call();
  container.put_blob("20260302/a/x/0-audiowav.wav", seconds_of_wav(0.01));
  container.put_text("20260302/a/x/0-acsmetadata.json",
                     Container::metadata("2026-03-02T09:15:01Z", 1, 0, "", "4:+15550124"));
  container.put_blob("20260302/b/x/0-audiowav.wav", seconds_of_wav(0.01));
  container.put_text("20260302/b/x/0-acsmetadata.json",
                     Container::metadata("2026-03-02T08:15:01Z", 1, 0, "", "4:+15550123"));
  container.put_blob("20260302/c/x/0-audiowav.wav", seconds_of_wav(0.01));

  CHECK(container.find().empty());
}

TEST_CASE("two folders that fit equally are not guessed between") {
  Container container;
  container.store_call();
  container.put_recording("20260302/a/x/");
  container.put_recording("20260302/b/x/");

  CHECK(container.doubt(container.recording).starts_with("2 folders fit it equally well"));
  CHECK(container.log.contains("several folders fit a recording"));
}

TEST_CASE("two calls of one caller overlap: each takes what began with it, wherever it lies") {
  Container container;
  container.store_call();
  const auto second = container.store_second_call("2026-03-02T09:15:20Z");
  SUBCASE("both exports are there") {
    container.put_folder("20260302/a/x/", "2026-03-02T09:15:20.2Z");
    container.put_folder("20260302/b/x/", "2026-03-02T09:15:00.3Z");
    const auto found = container.find();
    REQUIRE(found.size() == 1);
    CHECK(found[0].folder == "20260302/b/x/");
    CHECK(container.found_of(second) == 1);
  }
  SUBCASE("the first one's is missing") {
    container.put_folder("20260302/a/x/", "2026-03-02T09:15:20.2Z");
    CHECK(container.find().empty());
    CHECK(container.found_of(second) == 1);
  }
  SUBCASE("the second one's is missing") {
    container.put_folder("20260302/b/x/", "2026-03-02T09:15:00.3Z");
    CHECK(container.find().size() == 1);
    CHECK(container.found_of(second) == 0);
  }
}

TEST_CASE("a folder that fits two recordings equally is taken by neither, and is named") {
  Container container;
  container.store_call();
  const auto second = container.store_second_call("2026-03-02T09:15:02Z");
  container.put_folder("20260302/a/x/", "2026-03-02T09:15:01Z");

  const auto why = container.doubt(container.recording);

  CHECK(why.find("20260302/a/x/") != std::string::npos);
  CHECK(why.find(second.id.text) != std::string::npos);
  CHECK(container.doubt(second).find(container.recording.id.text) != std::string::npos);
  // The other one's turns up elsewhere, and with it the doubt goes.
  DiscoveryChange placed{.recording = second.id,
                         .discovery = Discovery::found,
                         .folder = "20260302/b/x/",
                         .discovered_at = {}};
  Changes changes;
  changes.discoveries.push_back(placed);
  REQUIRE(container.wait(container.store.commit(std::move(changes))).has_value());
  CHECK(container.find().size() == 1);
}

TEST_CASE("a folder with another recording's chunks is that one's, however well it fits") {
  Container container;
  container.store_call();
  const auto second = container.store_second_call("2026-03-02T09:15:20Z");
  SUBCASE("under an unknown id") {
    container.put_folder("20260302/a/x/", "2026-03-02T09:15:00.2Z");
    container.store_chunk(second.id, "20260302/a/x/0-audiowav.wav");
  }
  SUBCASE("under an id of its own call") {
    const auto folder = "20260302/" + container.call.server_call_id.text + "/x/";
    container.put_folder(folder, "2026-03-02T09:15:00.2Z");
    container.store_chunk(second.id, folder + "0-audiowav.wav");
  }
  CHECK(container.find().empty());
}

TEST_CASE("what was imported gives way to an id of the call, and not to time and caller") {
  Container container;
  container.store_call();
  const auto imported = container.store_second_call("2026-03-02T09:15:00Z", true);
  SUBCASE("an id in its path") {
    const auto folder = "20260302/" + container.call.server_call_id.text + "/x/";
    container.put_folder(folder, "2026-03-02T09:15:00.2Z");
    container.store_chunk(imported.id, folder + "0-audiowav.wav");
    CHECK(container.find().size() == 1);
  }
  SUBCASE("an id in its metadata") {
    container.put_folder("20260302/a/x/", "2026-03-02T09:15:00.2Z",
                         container.call.correlation_id.text);
    container.store_chunk(imported.id, "20260302/a/x/0-audiowav.wav");
    CHECK(container.find().size() == 1);
  }
  SUBCASE("the caller alone") {
    container.put_folder("20260302/a/x/", "2026-03-02T09:15:00.2Z");
    container.store_chunk(imported.id, "20260302/a/x/0-audiowav.wav");
    CHECK(container.find().empty());
  }
}

TEST_CASE("metadata that names another call of ours leaves the folder to that call") {
  Container container;
  container.store_call();
  const auto second = container.store_second_call("2026-03-02T09:15:02Z");
  container.put_folder("20260302/a/x/", "2026-03-02T09:15:01Z", "SECOND-correlation");

  CHECK(container.find().empty());
  CHECK(container.found_of(second) == 1);
}

TEST_CASE("one sweep of a date serves all recordings that are looked for") {
  Container container;
  container.store_call();
  container.put_others(90);
  CHECK(container.find().empty());
  const auto before = container.blobs.calls();

  auto other = container.search();
  other.recording.id = {"another"};
  for (int i = 0; i < 5; ++i) CHECK(container.wait(container.source.find(other)).has_value());

  const auto after = container.blobs.calls();
  CHECK(container.sweeps() == 1);
  CHECK(after.lists - before.lists == 5 * 4);
  CHECK(after.reads == before.reads);

  container.runtime.advance(61s);
  CHECK(container.find().empty());
  CHECK(container.sweeps() == 2);
}

TEST_CASE("a date's names are sorted elsewhere, and other recordings are found meanwhile") {
  Container container;
  container.store_call();
  container.put_others(20);
  Pool pool(container.runtime.clock());
  pool.takes = 3s;
  ByosChunkSource source(container.blobs, container.store, container.runtime.clock(), pool,
                         container.counters, container.log);
  TaskGroup group(container.runtime.executor(), container.runtime.clock(), container.log, "find");
  std::optional<std::size_t> unnamed;
  group.spawn(keep(source.find(container.search()), unnamed));
  container.runtime.advance(1s);
  CHECK_FALSE(unnamed.has_value());

  auto named = container.search();
  named.call.server_call_id = {"named"};
  container.put_recording("20260302/named/" + named.recording.id.text + "/");
  std::optional<std::size_t> found;
  group.spawn(keep(source.find(named), found));
  container.runtime.advance(0s);
  CHECK(found == 1);
  CHECK_FALSE(unnamed.has_value());

  container.runtime.advance(1min);
  CHECK(unnamed == 0);
}

TEST_CASE("a date whose sorting was refused is looked through by the next search") {
  Container container;
  container.store_call();
  container.put_recording("20260302/zzz/" + container.recording.id.text + "/");
  Pool pool(container.runtime.clock());
  pool.refuse_next = true;
  ByosChunkSource source(container.blobs, container.store, container.runtime.clock(), pool,
                         container.counters, container.log);

  CHECK_THROWS_AS((void)container.wait(source.find(container.search())), std::system_error);

  const auto found = container.wait(source.find(container.search()));
  REQUIRE(found.has_value());
  CHECK(found->size() == 1);
}

TEST_CASE("a date longer than the bound is looked through in several goes") {
  Container container;
  container.store_call();
  container.put_others(300);
  container.put_recording("20260302/zzz/" + container.recording.id.text + "/");

  CHECK(container.find().empty());
  container.runtime.advance(61s);

  CHECK(container.find().size() == 1);
}

TEST_CASE("recordings of one call that lie side by side are told apart by time") {
  Container container;
  Recording second = container.recording;
  second.id = {"second"};
  second.requested_at = at("2026-03-02T09:15:20Z");
  second.active_at = at("2026-03-02T09:15:21Z");
  container.siblings = {second};
  container.store_call();
  const auto call = "20260302/" + container.call.server_call_id.text + "/";
  container.put_recording(call + "aaa/");
  container.put_blob(call + "bbb/0-audiowav.wav", seconds_of_wav(0.01));
  container.put_text(call + "bbb/0-acsmetadata.json",
                     Container::metadata("2026-03-02T09:15:21.2Z", 1));
  container.put_blob(call + "ccc/0-audiowav.wav", seconds_of_wav(0.01));

  auto first_found = container.find();
  auto search = container.search();
  search.recording = second;
  auto second_found = container.wait(container.source.find(search));

  REQUIRE(first_found.size() == 1);
  CHECK(first_found[0].folder == call + "aaa/");
  REQUIRE(second_found.has_value());
  REQUIRE(second_found->size() == 1);
  CHECK((*second_found)[0].folder == call + "bbb/");
}

TEST_CASE("a folder that bears the recordingId beats all others under the same call") {
  Container container;
  container.store_call();
  const auto call = "20260302/" + container.call.server_call_id.text + "/";
  container.put_recording(call + "aaa/");
  container.put_recording(call + container.recording.id.text + "/");

  const auto found = container.find();

  REQUIRE(found.size() == 1);
  CHECK(found[0].folder == call + container.recording.id.text + "/");
}

TEST_CASE("once a folder is known, one listing is enough") {
  Container container;
  container.recording.folder = "20260302/who/knows/x/";
  container.store_call();
  container.put_recording("20260302/who/knows/x/");
  const auto before = container.blobs.calls().lists;

  CHECK(container.find().size() == 1);
  CHECK(container.blobs.calls().lists - before == 1);
}

TEST_CASE("storage that is away is said as such, and not as an empty container") {
  Container container;
  container.store_call();
  container.blobs.fail_next(1, {.kind = ErrorKind::unavailable, .message = "away", .status = 503});

  auto found = container.wait(container.source.find(container.search()));

  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().kind == ErrorKind::unavailable);
  CHECK(found.error().message.find("list the recordings' container: away") != std::string::npos);
}
