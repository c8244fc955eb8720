#include "store/event_spool.hpp"

#include "store/detail/file.hpp"
#include "store/detail/spool_record.hpp"

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <mutex>
#include <system_error>
#include <utility>

namespace earshot::store {
namespace {

class FileEventSpool : public EventSpool {
 public:
  FileEventSpool(const EventSpoolOptions& options, Offload& offload, Log& log, Counters& counters)
      : options_(options),
        offload_(offload),
        log_(log),
        refused_(counters.counter("earshot_event_spool_refused_total",
                                  "events that the spool did not take: full, or disk broken")),
        damaged_(counters.counter("earshot_event_spool_damaged_bytes_total",
                                  "bytes of the event spool that could not be read back")) {}

  Result<void> open() {
    auto made = make_directories(options_.file.parent_path());
    if (!made) return made;
    auto file = File::open(options_.file, File::Mode::write);
    if (!file) return Failure(file.error());
    file_ = std::move(*file);
    auto synced = sync_directory(options_.file.parent_path());
    if (!synced) return synced;
    return find_records();
  }

  Task<Result<void>> append(std::vector<InboundEvent> events, WallTime received_at) override {
    SpooledEvents spooled{.events = std::move(events), .received_at = received_at};
    return on_disk<void>([this, spooled = std::move(spooled)] { return append_now(spooled); });
  }
  Task<Result<std::vector<SpooledEvents>>> read_all() override {
    return on_disk<std::vector<SpooledEvents>>([this] { return read_now(); });
  }
  Task<Result<void>> truncate(std::size_t appends) override {
    return on_disk<void>([this, appends] { return truncate_now(appends); });
  }

 private:
  // Runs `work` under the lock on a thread that may block.
  template <class T, class Work>
  Task<Result<T>> on_disk(Work work) {
    auto result = std::make_shared<Result<T>>(fail(ErrorKind::unavailable, "not done"));
    auto blocking = [this, result, work = std::move(work)] {
      std::lock_guard lock(mutex_);
      *result = work();
    };
    try {
      co_await offload_.run(std::move(blocking));
    } catch (const std::system_error& error) {
      co_return fail(ErrorKind::unavailable, error.what());
    }
    co_return std::move(*result);
  }

  Result<void> find_records() {
    auto bytes = whole_file();
    if (!bytes) return Failure(bytes.error());
    const auto scan = scan_spool(as_text(*bytes));
    waiting_.assign(scan.waiting.begin(), scan.waiting.end());
    end_ = scan.end;
    if (scan.damaged_bytes > 0) {
      damaged_.add(static_cast<double>(scan.damaged_bytes));
      log_.error("event spool has damaged records, passed over",
                 {{"file", options_.file.string()}, {"bytes", scan.damaged_bytes}});
    }
    if (bytes->size() == end_) return ok();
    log_.warn("event spool had a torn end, cut off",
              {{"file", options_.file.string()}, {"bytes", bytes->size() - end_}});
    return file_.truncate(end_);
  }

  Result<Bytes> whole_file() const {
    const auto size = file_.size();
    if (!size) return Failure(size.error());
    return file_.read(0, *size);
  }

  Result<void> append_now(const SpooledEvents& events) {
    const auto record = write_spool_record(events);
    auto written = end_ + record.size() > options_.bytes_max
                       ? fail(ErrorKind::unavailable,
                              fmt::format("the event spool is full ({} bytes)", options_.bytes_max))
                       : write_record(record);
    if (!written) refused_.add(static_cast<double>(events.events.size()));
    return written;
  }

  Result<void> write_record(const std::string& record) {
    auto written = file_.write(end_, as_bytes(record));
    if (written) written = file_.sync();
    if (!written) {
      // What reached the disk must not come back as an event that we refused.
      std::ignore = file_.truncate(end_);
      return written;
    }
    waiting_.push_back({.offset = end_, .payload_bytes = record.size() - spool_header_bytes});
    end_ += record.size();
    return ok();
  }

  Result<std::vector<SpooledEvents>> read_now() const {
    std::vector<SpooledEvents> all;
    for (const auto& record : waiting_) {
      auto payload = file_.read(record.offset + spool_header_bytes, record.payload_bytes);
      if (!payload) return Failure(payload.error());
      auto events = read_spool_payload(as_text(*payload));
      // An empty place keeps the count that truncate() goes by.
      if (!events)
        log_.error("a spooled delivery cannot be read, left out",
                   {{"file", options_.file.string()}});
      all.push_back(events ? std::move(*events) : SpooledEvents{});
    }
    return all;
  }

  Result<void> truncate_now(std::size_t appends) {
    const auto count = std::min(appends, waiting_.size());
    if (count == waiting_.size()) {
      auto cut = file_.truncate(0);
      if (!cut) return cut;
      waiting_.clear();
      end_ = 0;
      return file_.sync();
    }
    for (std::size_t i = 0; i < count; ++i) {
      auto wiped = wipe(waiting_.front());
      if (!wiped) return wiped;
      waiting_.pop_front();
    }
    return count == 0 ? ok() : file_.sync();
  }

  Result<void> wipe(const SpoolRecord& record) const {
    const Bytes zeros(record.payload_bytes);
    const char taken = spool_taken;
    auto marked = file_.write(record.offset + spool_state_offset, as_bytes({&taken, 1}));
    if (!marked) return marked;
    return file_.write(record.offset + spool_header_bytes, zeros);
  }

  EventSpoolOptions options_;
  Offload& offload_;
  Log& log_;
  Counter& refused_;
  Counter& damaged_;

  std::mutex mutex_;
  // Protected by mutex_.
  File file_;
  std::deque<SpoolRecord> waiting_;
  std::uint64_t end_ = 0;
};

}  // namespace

Result<std::unique_ptr<EventSpool>> make_event_spool(const EventSpoolOptions& options,
                                                     Offload& offload, Log& log,
                                                     Counters& counters) {
  auto spool = std::make_unique<FileEventSpool>(options, offload, log, counters);
  auto opened = spool->open();
  if (!opened) return fail("open the event spool", opened.error());
  return spool;
}

}  // namespace earshot::store
