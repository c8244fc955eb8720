// The only file that includes spdlog.
#include "base/log.hpp"

#include "base/counters.hpp"
#include "base/detail/log_line.hpp"
#include "base/time.hpp"

#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <mutex>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <stdexcept>
#include <system_error>

namespace earshot {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

LogLevel from_spdlog(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return LogLevel::debug;
    case spdlog::level::warn:
      return LogLevel::warn;
    case spdlog::level::err:
    case spdlog::level::critical:
      return LogLevel::error;
    default:
      return LogLevel::info;
  }
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stderr) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open_log_file(const std::string& path) {
  if (path.empty()) return File(stderr);
  File file(std::fopen(path.c_str(), "ae"));
  if (!file)
    throw std::runtime_error(
        fmt::format("open log file {}: {}", path, std::generic_category().message(errno)));
  // A line is on its way to the disk when it ends, so that the last words of a crash are there.
  std::setvbuf(file.get(), nullptr, _IOLBF, 1 << 16);
  return file;
}

// Runs on the log's own thread only. Lines arrive escaped; it adds time and level and, when the
// queue had to drop lines, says how many: at most once a second, else the report would itself fill
// the queue's place.
class LineSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  LineSink(const ProcessLogOptions& options)
      : json_(options.json), file_(open_log_file(options.file)) {
    if (options.counters != nullptr)
      dropped_ = &options.counters->counter("earshot_log_lines_dropped_total",
                                            "Log lines dropped because the queue was full");
  }
  // Before the logger starts. The pool outlives the sink's use.
  void count_overruns_of(spdlog::details::thread_pool& pool) { pool_ = &pool; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    report_drops(message.time);
    put(message.time, from_spdlog(message.level),
        std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override { std::fflush(file_.get()); }

 private:
  void report_drops(spdlog::log_clock::time_point time) {
    const std::size_t overruns = pool_->overrun_counter();
    if (dropped_ != nullptr) dropped_->add(static_cast<double>(overruns - counted_));
    counted_ = overruns;
    if (overruns == reported_ || time < next_report_) return;
    const LogFields fields{{"lines", overruns - reported_}};
    reported_ = overruns;
    next_report_ = time + 1s;
    constexpr std::string_view message = "log lines dropped";
    put(time, LogLevel::warn,
        json_ ? detail::json_members(message, fields) : detail::text_line(message, fields));
  }

  void put(spdlog::log_clock::time_point time, LogLevel level, std::string_view body) {
    const std::string at = to_iso8601(std::chrono::floor<std::chrono::microseconds>(time));
    const std::string_view name = detail::to_text(level);
    const std::string line = json_ ? fmt::format(R"({{"time":"{}","level":"{}",{}}})"
                                                 "\n",
                                                 at, name, body)
                                   : fmt::format("{} {} {}\n", at, name, body);
    std::fwrite(line.data(), 1, line.size(), file_.get());
  }

  bool json_;
  File file_;
  Counter* dropped_ = nullptr;
  spdlog::details::thread_pool* pool_ = nullptr;
  std::size_t counted_ = 0;
  std::size_t reported_ = 0;
  spdlog::log_clock::time_point next_report_{};
};

class ProcessLog : public Log {
 public:
  explicit ProcessLog(const ProcessLogOptions& options)
      : json_(options.json),
        sink_(std::make_shared<LineSink>(options)),
        pool_(std::make_shared<spdlog::details::thread_pool>(options.lines_queued_max, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "earshot", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    if (options.counters != nullptr)
      errors_ = &options.counters->counter("earshot_log_errors_total",
                                           "Things that happened and that a person should look at");
    sink_->count_overruns_of(*pool_);
    sink_->set_level(spdlog::level::trace);
    logger_->set_level(to_spdlog(options.level));
  }

  void write(LogLevel level, std::string_view message, LogFields fields) override {
    if (level == LogLevel::error && errors_ != nullptr) errors_->add();
    const auto spdlog_level = to_spdlog(level);
    if (!logger_->should_log(spdlog_level)) return;
    const std::string body =
        json_ ? detail::json_members(message, fields) : detail::text_line(message, fields);
    logger_->log(spdlog_level, spdlog::string_view_t(body.data(), body.size()));
  }

 private:
  bool json_;
  Counter* errors_ = nullptr;
  std::shared_ptr<LineSink> sink_;
  // The pool's destructor writes what is queued, and queued lines hold the logger: so the logger
  // goes first.
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

std::unique_ptr<Log> make_process_log(const ProcessLogOptions& options) {
  return std::make_unique<ProcessLog>(options);
}

struct MemoryLog::State {
  mutable std::mutex mutex;
  std::vector<std::string> lines;
};

MemoryLog::MemoryLog() : state_(std::make_unique<State>()) {}
MemoryLog::~MemoryLog() = default;

void MemoryLog::write(LogLevel level, std::string_view message, LogFields fields) {
  std::string line(detail::to_text(level));
  line += ' ';
  line += detail::text_line(message, fields);
  std::lock_guard lock(state_->mutex);
  state_->lines.push_back(std::move(line));
}

bool MemoryLog::contains(std::string_view text) const {
  std::lock_guard lock(state_->mutex);
  for (const std::string& line : state_->lines)
    if (line.find(text) != std::string::npos) return true;
  return false;
}

std::vector<std::string> MemoryLog::lines() const {
  std::lock_guard lock(state_->mutex);
  return state_->lines;
}

}  // namespace earshot
