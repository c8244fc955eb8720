#pragma once
// One line per thing that happened, past tense, ids first:
//   log.info("recording stopped", {{"recording", id}, {"reason", reason}, {"chunks", n}});
// `error` means a person should look; a customer's or vendor's refusal is `warn`. No audio,
// transcript, phone number, token or key: pass a Secret and it prints as ***. Thread-safe. Never
// waits for the sink: lines go through a bounded queue to a thread of the log's own; when it is
// full the oldest lines are dropped and counted. Errors are counted whether dropped or not.

#include "base/secret.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

enum class LogLevel { debug, info, warn, error };

struct LogField {
  LogField(std::string_view key_in, std::string_view value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, const char* value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, const std::string& value_in) : key(key_in), value(value_in) {}
  LogField(std::string_view key_in, bool value_in)
      : key(key_in), value(value_in ? "true" : "false") {}
  template <std::integral T>
  LogField(std::string_view key_in, T value_in) : key(key_in), value(std::to_string(value_in)) {}
  LogField(std::string_view key_in, double value_in)
      : key(key_in), value(fmt::format("{:.3f}", value_in)) {}
  LogField(std::string_view key_in, const Secret&) : key(key_in), value("***") {}

  std::string key;
  std::string value;
};

using LogFields = std::vector<LogField>;

class Counters;

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(LogLevel level, std::string_view message, LogFields fields) = 0;

  void debug(std::string_view message, LogFields fields = {}) {
    write(LogLevel::debug, message, std::move(fields));
  }
  void info(std::string_view message, LogFields fields = {}) {
    write(LogLevel::info, message, std::move(fields));
  }
  void warn(std::string_view message, LogFields fields = {}) {
    write(LogLevel::warn, message, std::move(fields));
  }
  void error(std::string_view message, LogFields fields = {}) {
    write(LogLevel::error, message, std::move(fields));
  }
};

struct ProcessLogOptions {
  LogLevel level = LogLevel::info;
  bool json = false;                    // one JSON object a line instead of text
  std::string file;                     // empty: standard error
  std::size_t lines_queued_max = 8192;  // above it the oldest waiting lines go
  // Outlives the log: earshot_log_lines_dropped_total, earshot_log_errors_total.
  Counters* counters = nullptr;
};

// The log of a process, over spdlog's asynchronous logger. Throws when the file cannot be opened.
// Its destructor writes what is queued.
std::unique_ptr<Log> make_process_log(const ProcessLogOptions& options);

// Discards everything.
class NullLog : public Log {
 public:
  void write(LogLevel, std::string_view, LogFields) override {}
};

// Keeps lines for a test to read: "info recording stopped recording=… reason=…".
class MemoryLog : public Log {
 public:
  void write(LogLevel level, std::string_view message, LogFields fields) override;
  bool contains(std::string_view text) const;
  std::vector<std::string> lines() const;
  MemoryLog();
  ~MemoryLog() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace earshot
