#include "store/tap_spool_files.hpp"

#include "base/random.hpp"
#include "store/detail/tap_run_index.hpp"

#include <condition_variable>
#include <fcntl.h>
#include <fmt/format.h>
#include <mutex>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace earshot::store {
namespace {

// Syncing files one by one costs a turn of the disk each; beyond so many the whole file system is
// synced at once.
constexpr std::size_t synced_singly_max = 8;
constexpr int rounds_per_sync = 2;
// A round writes every run once, but not all of them in one go: on a core that it shares with the
// audio, 700 runs at once are 10 ms in which no frame moves.
constexpr unsigned turns_per_round = 10;
// The calls come first. Not the idle class: under a full core the tap would then never be written.
constexpr int niceness = 5;  // below the process's own
constexpr Duration complaint_every = 60s;

class OpenTapRun : public TapRun {
 public:
  explicit OpenTapRun(std::shared_ptr<TapRunFiles> files) : files_(std::move(files)) {}
  ~OpenTapRun() override { files_->finish(); }
  bool append(SpoolKind kind, ByteView bytes) override { return files_->append(kind, bytes); }
  void finish() override { files_->finish(); }

 private:
  std::shared_ptr<TapRunFiles> files_;
};

// Of a call whose id can be no path, or of one run too many.
class RefusedTapRun : public TapRun {
 public:
  explicit RefusedTapRun(std::shared_ptr<TapBounds> bounds) : bounds_(std::move(bounds)) {}
  bool append(SpoolKind, ByteView bytes) override {
    if (!bounds_->closed) bounds_->dropped.add(static_cast<double>(bytes.size()));
    return false;
  }
  void finish() override {}

 private:
  std::shared_ptr<TapBounds> bounds_;
};

class TapSpoolFiles : public TapSpool {
 public:
  TapSpoolFiles(const TapSpoolOptions& options, Offload& offload, Clock& clock, Log& log,
                Counters& counters, AlertSink* alerts)
      : options_(options),
        offload_(offload),
        clock_(clock),
        log_(log),
        alerts_(alerts),
        used_(counters.gauge("earshot_tap_spool_bytes", "bytes of tap and ledger on local disk")),
        disk_faults_(counters.counter("earshot_tap_disk_faults_total",
                                      "writes or syncs that the tap spool's disk refused")),
        bounds_(std::make_shared<TapBounds>(
            options.run_bytes_waiting_max, options.all_bytes_waiting_max,
            counters.counter("earshot_tap_dropped_bytes_total",
                             "tap and ledger bytes dropped: the disk was too slow or full"),
            counters.counter(
                "earshot_tap_refused_bytes_total",
                "tap and ledger bytes not taken: the spool had used up its share of the disk"),
            options.disk_bytes_max, options.disk_free_min)) {
    counters
        .gauge("earshot_tap_spool_bytes_max", "bytes of tap and ledger that local disk may hold")
        .set(static_cast<double>(options.disk_bytes_max));
  }

  ~TapSpoolFiles() override {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    bounds_->closed = true;
  }

  Result<void> open() {
    auto made = make_directories(options_.directory);
    if (!made) return made;
    auto synced = sync_directory(options_.directory);
    if (!synced) return synced;
    auto read = index_.read(options_.directory, clock_.wall_now());
    if (!read) return read;
    for (const auto& run : index_.all_runs()) bounds_->share.add(run.tap_bytes + run.ledger_bytes);
    look_at_share();
    thread_ = std::thread([this] { run(); });
    return ok();
  }

  std::unique_ptr<TapRun> start_run(ContextId call) override {
    std::lock_guard lock(mutex_);
    if (!is_uuid(call.text) || open_.size() >= options_.runs_open_max) {
      log_.warn("tap run refused", {{"reason", is_uuid(call.text) ? "too many runs are open"
                                                                  : "the call's id is no UUID"}});
      return std::make_unique<RefusedTapRun>(bounds_);
    }
    const auto number = index_.next_run(call);
    auto files = std::make_shared<TapRunFiles>(bounds_, options_.directory / call.text, number);
    index_.add(call, number, files);
    open_.push_back(files);
    return std::make_unique<OpenTapRun>(std::move(files));
  }

  Task<Result<std::vector<SpooledRun>>> runs(ContextId call) override {
    std::lock_guard lock(mutex_);
    co_return index_.runs(call);
  }
  Task<Result<std::vector<SpooledRun>>> all_runs() override {
    std::lock_guard lock(mutex_);
    co_return index_.all_runs();
  }

  Task<Result<Bytes>> read(ContextId call, std::uint32_t run, SpoolKind kind, std::uint64_t offset,
                           std::uint64_t length) override {
    {
      std::lock_guard lock(mutex_);
      if (index_.find(call, run) == nullptr)
        co_return fail(ErrorKind::not_found, "there is no such tap run");
    }
    auto bytes = std::make_shared<Result<Bytes>>();
    auto blocking = [bytes, path = options_.directory / call.text / tap_file_name(run, kind),
                     offset, length] {
      auto file = File::open(path, File::Mode::read);
      if (file)
        *bytes = file->read(offset, length);
      else if (file.error().kind != ErrorKind::not_found)  // not yet made: nothing on disk
        *bytes = Failure(file.error());
    };
    co_await offload_.run(std::move(blocking));
    co_return std::move(*bytes);
  }

  Task<Result<void>> remove(ContextId call, std::uint32_t run) override {
    {
      std::lock_guard lock(mutex_);
      const auto* entry = index_.find(call, run);
      if (entry == nullptr) co_return ok();
      if (entry->files && !entry->files->finished())
        co_return fail(ErrorKind::conflict, "the tap run is still open");
    }
    const auto now = clock_.wall_now();
    auto removed = std::make_shared<Result<void>>();
    auto blocking = [this, removed, call, run, now] { *removed = remove_now(call, run, now); };
    co_await offload_.run(std::move(blocking));
    co_return *removed;
  }

  Task<void> flush() override {
    auto blocking = [this] {
      std::unique_lock lock(mutex_);
      const auto mine = ++flushes_wanted_;
      wake_.notify_one();
      flushed_.wait(lock, [&] { return flushes_done_ >= mine || stopping_; });
    };
    co_await offload_.run(std::move(blocking));
  }

 private:
  using Runs = std::vector<std::shared_ptr<TapRunFiles>>;

  Result<void> remove_now(const ContextId& call, std::uint32_t run, WallTime now) {
    const auto directory = options_.directory / call.text;
    // The mark first: the number is not given again even if we die between.
    auto mark = File::open(directory / removed_file_name(run), File::Mode::write);
    if (!mark && mark.error().kind != ErrorKind::not_found) return Failure(mark.error());
    std::error_code error;
    for (const auto& name : {tap_file_name(run, SpoolKind::tap),
                             tap_file_name(run, SpoolKind::ledger), finished_file_name(run)}) {
      std::filesystem::remove(directory / name, error);
      if (error)
        return fail(ErrorKind::unavailable,
                    fmt::format("remove {} of the tap spool: {}", name, error.message()));
    }
    std::vector<ContextId> forgotten;
    {
      std::lock_guard lock(mutex_);
      bounds_->share.subtract(index_.remove(call, run, now));
      forgotten = index_.forget_empty(now - options_.numbers_kept);
    }
    for (const auto& empty : forgotten) remove_empty(options_.directory / empty.text);
    return ok();
  }

  // Only marks are taken away; a directory with anything else in it stays.
  static void remove_empty(const std::filesystem::path& directory) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
         at.increment(error)) {
      std::error_code ignored;
      if (at->path().extension() == ".removed") std::filesystem::remove(at->path(), ignored);
    }
    std::filesystem::remove(directory, error);
  }

  // The spool's thread.
  void run() {
    const auto thread = static_cast<id_t>(::gettid());
    ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + niceness);
    for (bool last = false; !last;) {
      std::uint64_t flushing = 0;
      bool everything = false;
      Runs runs;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_for(
            lock, open_.empty() ? options_.write_every : options_.write_every / turns_per_round,
            [&] { return stopping_ || flushes_wanted_ > flushes_done_; });
        last = stopping_;
        flushing = flushes_wanted_;
        everything = last || flushing > flushes_done_;
        runs = everything ? open_ : next_turn();
      }
      write_all(runs);
      if (everything || rounds_since_sync_ >= rounds_per_sync) sync_all();
      close_finished(runs);
      if (everything || turn_ == 0) look_at_share();
      std::lock_guard lock(mutex_);
      flushes_done_ = flushing;
      flushed_.notify_all();
    }
  }

  void look_at_share() {
    used_.set(static_cast<double>(bounds_->share.used()));
    const auto change = bounds_->share.look(options_.free_bytes(options_.directory),
                                            bounds_->waiting.load(std::memory_order_relaxed));
    if (change == DiskShare::Change::freed)
      log_.info("the tap spool takes audio again", {{"bytes", bounds_->share.used()}});
    if (change != DiskShare::Change::filled) return;
    const Alert alert{
        .kind = "tap_spool_full",
        .message = fmt::format(
            "the bridge's own copy of calls is not kept any more: its spool has {} MB and may have "
            "{}, or its disk is nearly full; see why it does not go up to storage",
            bounds_->share.used() >> 20, options_.disk_bytes_max >> 20)};
    if (alerts_ != nullptr)
      alerts_->raise(alert);
    else
      log_.error(alert.message);
  }

  // Under mutex_.
  Runs next_turn() {
    turn_ = open_.empty() ? 0 : (turn_ + 1) % turns_per_round;
    if (turn_ == 0) {
      ++rounds_since_sync_;
      ++rounds_since_complaint_;
    }
    Runs runs;
    for (const auto& run : open_)
      if (run->has_turn(turn_, turns_per_round)) runs.push_back(run);
    return runs;
  }

  void write_all(const Runs& runs) {
    for (const auto& run : runs)
      if (auto written = run->write(); !written) complain("not written", written.error());
  }

  void sync_all() {
    rounds_since_sync_ = 0;
    Runs open;
    {
      std::lock_guard lock(mutex_);
      open = open_;
    }
    Runs unsynced;
    for (const auto& run : open)
      if (run->needs_sync()) unsynced.push_back(run);
    if (unsynced.size() > synced_singly_max) {
      sync_file_system(unsynced);
      return;
    }
    for (const auto& run : unsynced)
      if (auto synced = run->sync(); !synced) complain("not synced", synced.error());
  }

  void sync_file_system(const Runs& unsynced) {
    const int fd = ::open(options_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::syncfs(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!synced) {
      complain("not synced", {.kind = ErrorKind::unavailable, .message = "syncfs failed"});
      return;
    }
    for (const auto& run : unsynced) run->synced_otherwise();
  }

  void close_finished(const Runs& open) {
    bool any = false;
    for (const auto& run : open) {
      if (!run->ready_to_close()) continue;
      if (auto closed = run->close_finished(); !closed) complain("not closed", closed.error());
      any = true;
    }
    if (!any) return;
    std::lock_guard lock(mutex_);
    std::erase_if(open_, [](const auto& run) { return run->finished(); });
  }

  // One line a minute, however many runs wait for the disk. Time is counted in rounds, of which
  // there is one every write_every.
  void complain(std::string_view what, const Error& error) {
    disk_faults_.add();
    if (rounds_since_complaint_ < complaint_every / options_.write_every) return;
    rounds_since_complaint_ = 0;
    log_.error(fmt::format("tap spool {}: make room on its disk, or find what ails it", what),
               {{"directory", options_.directory.string()}, {"reason", error.message}});
  }

  // Given at construction.
  TapSpoolOptions options_;
  Offload& offload_;
  Clock& clock_;
  Log& log_;
  AlertSink* alerts_;  // or null
  Gauge& used_;
  Counter& disk_faults_;
  std::shared_ptr<TapBounds> bounds_;

  std::mutex mutex_;  // never held over a wait for the disk
  // Protected by mutex_.
  std::condition_variable wake_;
  std::condition_variable flushed_;
  TapRunIndex index_;
  Runs open_;
  std::uint64_t flushes_wanted_ = 0;
  std::uint64_t flushes_done_ = 0;
  bool stopping_ = false;
  // The thread's.
  unsigned turn_ = 0;
  int rounds_since_sync_ = 0;
  Duration::rep rounds_since_complaint_ = complaint_every.count();  // the first fault is told
  std::thread thread_;
};

}  // namespace

std::optional<std::uint64_t> free_disk_bytes(const std::filesystem::path& directory) {
  struct statvfs disk{};
  if (::statvfs(directory.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

Result<std::unique_ptr<TapSpool>> make_tap_spool_files(const TapSpoolOptions& options,
                                                       Offload& offload, Clock& clock, Log& log,
                                                       Counters& counters, AlertSink* alerts) {
  auto spool = std::make_unique<TapSpoolFiles>(options, offload, clock, log, counters, alerts);
  auto opened = spool->open();
  if (!opened) return fail("open the tap spool", opened.error());
  return spool;
}

}  // namespace earshot::store
