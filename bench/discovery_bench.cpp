// links: base net blob store recording simulator
// What does it cost to find a call's chunks, and does that grow with the container? The search that
// the service makes after a call, over the product's store for Azure Blob Storage and a socket to
// the simulator's Blob service, in containers of 10 to 1,000,000 other blobs of the same date.
// Requests and bytes per call must be the same at each size: the program fails when they are not.
//
//   ./dev bench discovery [--calls N] [--most N]
//
// Two layouts: the call's folder is named by the serverCallId, which is looked for first; or by the
// correlation id, which costs the listings of the names before it.
//
// A second table is for a folder that no id of the call names: the whole date is looked through,
// once for all calls that wait. That cost grows with the date, so what is checked is that the
// listing is shared: the calls together need the date's pages once, and each its own few requests.

#include "blob/azure_blob_store.hpp"
#include "net/http_server.hpp"
#include "net/runtime.hpp"
#include "recording/byos_chunk_source.hpp"
#include "recording/recording_discovery.hpp"
#include "simulator/blob_service.hpp"
#include "simulator/wav_file.hpp"
#include "store/memory_store.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <vector>

namespace earshot {
namespace {

constexpr const char* container = "recordings";
constexpr double call_seconds = 10;
// The date's listing, and no more of it than one sweep may take.
constexpr std::size_t swept_blobs_most = 100'000;
constexpr std::size_t page_blobs = 1'000;

// Listings that took less than each, in milliseconds; then all others.
constexpr std::array<double, 7> bounds_ms{0.25, 0.5, 1, 2, 4, 8, 16};

struct Options {
  int calls = 40;
  std::size_t most = 1'000'000;
};

// Ours, with the wall clock standing still: the same dates are looked at in each search.
class StandingClock : public Clock {
 public:
  StandingClock(Clock& clock, WallTime at) : clock_(clock), at_(at) {}
  WallTime wall_now() const override { return at_; }
  SteadyTime steady_now() const override { return clock_.steady_now(); }
  Task<void> sleep_until(SteadyTime time) override { return clock_.sleep_until(time); }
  std::unique_ptr<Signal> make_signal() override { return clock_.make_signal(); }

 private:
  Clock& clock_;
  WallTime at_;
};

// Measures how long each listing takes, as its caller sees it.
class TimedStore : public BlobStore {
 public:
  explicit TimedStore(BlobStore& blobs) : blobs_(blobs) {}
  Task<Result<BlobPage>> list(BlobListRequest request) override {
    const auto begin = std::chrono::steady_clock::now();
    auto page = co_await blobs_.list(std::move(request));
    listings_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
    co_return page;
  }
  Task<Result<Bytes>> read(BlobName name, std::uint64_t offset, std::uint64_t length,
                           std::string etag) override {
    return blobs_.read(std::move(name), offset, length, std::move(etag));
  }
  Task<Result<BlobInfo>> info(BlobName name) override { return blobs_.info(std::move(name)); }
  Task<Result<void>> put(BlobWrite write) override { return blobs_.put(std::move(write)); }
  Task<Result<void>> remove(BlobName name) override { return blobs_.remove(std::move(name)); }
  Task<Result<void>> stage_block(BlobName name, std::uint32_t number, Bytes bytes) override {
    return blobs_.stage_block(std::move(name), number, std::move(bytes));
  }
  Task<Result<void>> commit_blocks(BlobName name, std::uint32_t count, std::string type) override {
    return blobs_.commit_blocks(std::move(name), count, std::move(type));
  }
  Task<Result<TierChange>> set_tier(BlobName name, StorageTier tier) override {
    return blobs_.set_tier(std::move(name), tier);
  }
  Task<Result<BlobTags>> tags(BlobName name) override { return blobs_.tags(std::move(name)); }
  Task<Result<void>> set_tags(BlobName name, BlobTags tags) override {
    return blobs_.set_tags(std::move(name), std::move(tags));
  }
  Task<Result<void>> set_legal_hold(BlobName name, bool on) override {
    return blobs_.set_legal_hold(std::move(name), on);
  }

  std::vector<double> listings_ms;

 private:
  BlobStore& blobs_;
};

struct NoAlerts : AlertSink {
  void raise(const Alert&) override {}
};

enum class Layout { server_call_id, correlation_id, unknown_id };

struct Cost {
  std::uint64_t requests = 0;
  std::uint64_t bytes_out = 0;
  bool operator==(const Cost&) const = default;
};

struct Row {
  Layout layout = Layout::server_call_id;
  std::size_t blobs = 0;
  int calls = 0;
  int found = 0;
  Cost each;
  bool all_alike = true;  // each call cost the same
  std::vector<double> listings_ms;
};

// A call that has ended, and its recording, which is searched for.
struct Searched {
  Call call;
  Recording recording;
};

class Bench {
 public:
  Bench() {
    service_.make_container(container);
    service_.add_routes(router_);
    auto server = net::start_http_server(*network_, runtime_.worker(0), *clock_, log_, counters_,
                                         router_, {.address = "127.0.0.1", .port = 0});
    if (!server) fail_with(server.error().message);
    server_ = std::move(*server);
    const auto base = fmt::format("http://127.0.0.1:{}", server_->port());
    auto account =
        blob::parse_connection_string(Secret(simulator::BlobService::connection_string(base)));
    if (!account) fail_with(account.error().message);
    azure_ = std::make_unique<blob::AzureBlobStore>(
        blob::AzureBlobStoreOptions{.account = *account, .container = container}, *http_, nullptr,
        *clock_, random_, counters_, log_);
    timed_ = std::make_unique<TimedStore>(*azure_);
  }

  bool run(const Options& options) {
    bool passed = true;
    runtime_.worker(0).spawn(measure(options, passed), [&](std::exception_ptr thrown) {
      if (thrown) passed = false;
      runtime_.stop();
    });
    runtime_.run();
    return passed;
  }

 private:
  [[noreturn]] static void fail_with(const std::string& why) {
    fmt::print(stderr, "discovery: {}\n", why);
    std::exit(2);
  }

  Task<void> measure(const Options& options, bool& passed) {
    print_head();
    std::array<std::optional<Cost>, 2> first;
    std::vector<std::string> swept;
    for (const std::size_t size : {10UZ, 1'000UZ, 100'000UZ, 1'000'000UZ}) {
      if (size > options.most) break;
      fill(size);
      for (const Layout layout : {Layout::server_call_id, Layout::correlation_id}) {
        Row row{.layout = layout, .blobs = size};
        for (int i = 0; i < options.calls; ++i) co_await find_one(row);
        print(row);
        auto& expected = first[static_cast<std::size_t>(layout)];
        if (!expected) expected = row.each;
        if (row.found != row.calls || !row.all_alike || row.each != *expected) passed = false;
      }
      if (size > swept_blobs_most) continue;
      for (const int calls : {1, options.calls}) {
        auto line = co_await sweep(size, calls, passed);
        swept.push_back(std::move(line));
      }
    }
    fmt::print(
        "\n| Blobs of the date | Calls waiting | Found | Requests | Of these listing the date | "
        "Requests a call beside it | Bytes a call | First call, ms | Each other, ms |\n"
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (const auto& line : swept) fmt::print("{}", line);
  }

  // Other recordings of the same date, whose names are as ours and lie all around them.
  void fill(std::size_t size) {
    for (; filled_ < size; ++filled_) {
      const auto id = other_id();
      const bool audio = filled_ % 2 == 0;
      service_.put(container,
                   fmt::format("20260302/{}/{}/0-{}", id, recording_id(filled_),
                               audio ? "audiowav.wav" : "acsmetadata.json"),
                   "x");
    }
  }

  std::string other_id() {
    return fmt::format("{:016x}{:016x}", random_.next_u64(), random_.next_u64());
  }
  static std::string recording_id(std::size_t number) {
    return fmt::format("recording-{:012}", number);
  }

  Searched make_searched() {
    const auto number = ++calls_;
    Searched out{.call = {.id = {fmt::format("11111111-0000-4000-8000-{:012}", number)}},
                 .recording = {.id = {recording_id(1'000'000'000 + number)}}};
    out.call.phase = CallPhase::ended;
    out.call.server_call_id = {other_id()};
    out.call.correlation_id = {other_id()};
    out.call.connection_id = {other_id()};
    out.call.received_at = start_;
    out.call.connected_at = start_;
    out.call.ended_at = end_;
    out.recording.call = out.call.id;
    out.recording.phase = RecordingPhase::stopped;
    out.recording.requested_at = start_;
    out.recording.active_at = start_;
    out.recording.ended_at = end_;
    out.recording.discovery = Discovery::searching;
    return out;
  }

  std::string folder_name(const Call& call, Layout layout) {
    switch (layout) {
      case Layout::server_call_id:
        return call.server_call_id.text;
      case Layout::correlation_id:
        return call.correlation_id.text;
      case Layout::unknown_id:
        break;
    }
    return other_id();
  }

  Task<void> keep(CallStore& store, Searched searched) {
    Changes changes;
    changes.calls.push_back(std::move(searched.call));
    changes.recordings.push_back(std::move(searched.recording));
    if (!co_await store.commit(std::move(changes))) fail_with("the store refused a call");
  }

  // One run of the job; whether it was done with it, and has the chunk.
  Task<bool> discover(recording::RecordingDiscovery& discovery, CallStore& store, RecordingId id) {
    Job job{.id = {"job"},
            .kind = recording::discover_recording_job,
            .subject = id.text,
            .added_at = end_};
    const auto outcome = co_await discovery.run(std::move(job));
    auto chunks = co_await store.chunks_of(id);
    co_return std::holds_alternative<JobDone>(outcome) && chunks && chunks->size() == 1;
  }

  Task<void> find_one(Row& row) {
    const auto searched = make_searched();
    put_chunk(folder_name(searched.call, row.layout), searched.recording.id.text);
    store::MemoryStore store(random_);
    co_await keep(store, searched);
    recording::ByosChunkSource source(*timed_, store, standing_, *offload_, counters_, log_);
    recording::RecordingDiscovery discovery(store, source, alerts_, standing_, counters_, log_);

    const auto before = service_.use();
    timed_->listings_ms.clear();
    if (co_await discover(discovery, store, searched.recording.id)) ++row.found;
    const auto cost = cost_since(before);
    if (row.calls == 0) row.each = cost;
    if (cost != row.each) row.all_alike = false;
    ++row.calls;
    std::ranges::copy(timed_->listings_ms, std::back_inserter(row.listings_ms));
    co_await remove_own();
  }

  Cost cost_since(const simulator::BlobService::Use& before) const {
    const auto after = service_.use();
    return {.requests = after.requests - before.requests,
            .bytes_out = after.bytes_out - before.bytes_out};
  }

  Task<void> remove_own() {
    for (const auto& blob : std::exchange(own_, {})) {
      auto removed = co_await azure_->remove({blob});
      if (!removed) fail_with(removed.error().message);
    }
  }

  // So many calls whose folders no id names, found through one source as in the service: a line.
  Task<std::string> sweep(std::size_t blobs, int calls, bool& passed) {
    store::MemoryStore store(random_);
    recording::ByosChunkSource source(*timed_, store, standing_, *offload_, counters_, log_);
    recording::RecordingDiscovery discovery(store, source, alerts_, standing_, counters_, log_);
    std::vector<RecordingId> waiting;
    for (int i = 0; i < calls; ++i) {
      auto searched = make_searched();
      put_chunk(folder_name(searched.call, Layout::unknown_id), searched.recording.id.text);
      waiting.push_back(searched.recording.id);
      co_await keep(store, std::move(searched));
    }
    const auto begin_use = service_.use();
    int found = 0;
    std::vector<double> took_ms;
    std::vector<Cost> costs;
    for (const auto& id : waiting) {
      const auto before = service_.use();
      const auto begin = std::chrono::steady_clock::now();
      if (co_await discover(discovery, store, id)) ++found;
      took_ms.push_back(
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
              .count());
      costs.push_back(cost_since(before));
    }
    const auto all = cost_since(begin_use);
    co_await remove_own();
    // Two blobs a call waiting lie in the date as well.
    const auto pages = (blobs + 2 * static_cast<std::size_t>(calls) + page_blobs - 1) / page_blobs;
    const auto beside = all.requests - pages;
    const auto each = beside / static_cast<std::uint64_t>(calls);
    if (found != calls || beside != each * static_cast<std::uint64_t>(calls)) passed = false;
    for (std::size_t i = 1; i < costs.size(); ++i)
      if (costs[i].requests != each) passed = false;
    const auto first_ms = took_ms.front();
    std::ranges::sort(took_ms);
    co_return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {:.1f} | {} |\n", blobs, calls,
                          found, all.requests, pages, each,
                          all.bytes_out / static_cast<std::uint64_t>(calls), first_ms,
                          calls == 1 ? "" : fmt::format("{:.1f}", took_ms[took_ms.size() / 2]));
  }

  // As ACS leaves it: one chunk and its metadata, by the simulator's own writers.
  void put_chunk(const std::string& call_folder, const std::string& recording_id) {
    simulator::FinishedChunk chunk{.start = start_, .length = end_ - start_};
    chunk.samples.resize(static_cast<std::size_t>(call_seconds * simulator::recording_rate_hz));
    const auto folder = fmt::format("20260302/{}/{}/", call_folder, recording_id);
    const auto audio = folder + "0-audiowav.wav";
    const auto metadata = folder + "0-acsmetadata.json";
    own_.insert(own_.end(), {audio, metadata});
    service_.put(container, audio,
                 simulator::make_wav(chunk.samples, simulator::recording_rate_hz, 1));
    service_.put(
        container, metadata,
        simulator::chunk_metadata(
            chunk, {.resource_id = "resource", .call_id = "call", .document_id = "0-document"},
            {}));
  }

  static void print_head() {
    std::string line =
        "| Folder named by | Blobs | Calls | Found | Requests a call | Bytes a call |";
    std::string rule = "|---|---:|---:|---:|---:|---:|";
    for (const double bound : bounds_ms) {
      line += fmt::format(" < {} ms |", bound);
      rule += "---:|";
    }
    fmt::print("{} more | median, ms |\n{}---:|---:|\n", line, rule);
  }

  static void print(Row& row) {
    std::array<int, bounds_ms.size() + 1> counts{};
    for (const double took : row.listings_ms)
      ++counts[static_cast<std::size_t>(std::ranges::upper_bound(bounds_ms, took) -
                                        bounds_ms.begin())];
    std::ranges::sort(row.listings_ms);
    std::string line =
        fmt::format("| {} | {} | {} | {} | {} | {}{} |",
                    row.layout == Layout::server_call_id ? "serverCallId" : "correlation id",
                    row.blobs, row.calls, row.found, row.each.requests, row.each.bytes_out,
                    row.all_alike ? "" : " (not each the same)");
    for (const int count : counts) line += fmt::format(" {} |", count);
    fmt::print("{} {:.2f} |\n", line, row.listings_ms[row.listings_ms.size() / 2]);
    std::fflush(stdout);
  }

  const WallTime start_ = *parse_iso8601("2026-03-02T09:15:00Z");
  const WallTime end_ = start_ + Duration(static_cast<std::int64_t>(call_seconds * 1e6));
  net::Runtime runtime_{1};
  std::unique_ptr<Clock> clock_ = net::make_asio_clock();
  std::unique_ptr<Offload> offload_ = net::make_thread_offload(1, 100);
  StandingClock standing_{*clock_, end_ + 2s};
  std::unique_ptr<net::Network> network_ = net::make_tcp_network();
  SeededRandom random_{11};
  NullLog log_;
  Counters counters_;
  NoAlerts alerts_;
  simulator::BlobService service_{standing_};
  net::Router router_;
  std::unique_ptr<net::HttpClient> http_ =
      net::make_http_client(*network_, runtime_.worker(0), *clock_);
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<blob::AzureBlobStore> azure_;
  std::unique_ptr<TimedStore> timed_;
  std::size_t filled_ = 0;
  std::size_t calls_ = 0;
  std::vector<std::string> own_;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--calls") options.calls = std::clamp(std::atoi(argv[i + 1]), 1, 10'000);
    if (name == "--most")
      options.most = static_cast<std::size_t>(std::max(std::atoll(argv[i + 1]), 10LL));
  }
  return options;
}

}  // namespace
}  // namespace earshot

int main(int argc, char** argv) {
  earshot::Bench bench;
  const bool passed = bench.run(earshot::read_options(argc, argv));
  fmt::print("{}\n", passed
                         ? "Requests and bytes per call are the same at every size; a date is "
                           "listed once for all calls that wait."
                         : "FAILED: not found, or not the same requests and bytes at every size, "
                           "or a date listed more than once.");
  return passed ? 0 : 1;
}
