#pragma once
// One connection to the database: SQL text and named values in, rows of text out. Statements are
// prepared once and kept. Not thread-safe: its user holds it alone. Throws DatabaseError; the store
// turns that into a Result at its border. Only connection.cpp sees SOCI.

#include "base/result.hpp"
#include "base/time.hpp"
#include "domain/ids.hpp"
#include "store/detail/statement_watch.hpp"
#include "store/dialect.hpp"

#include <atomic>
#include <exception>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace earshot::store {

class DatabaseError : public std::exception {
 public:
  DatabaseError(Error error, bool connection_lost, bool may_repeat = false)
      : error_(std::move(error)), connection_lost_(connection_lost), may_repeat_(may_repeat) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  const Error& error() const { return error_; }
  // The connection is of no more use.
  bool connection_lost() const { return connection_lost_; }
  // The statement took too long; another try would as well.
  bool took_too_long() const { return error_.code == took_too_long_code; }
  static constexpr std::string_view took_too_long_code = "took_too_long";
  // The database gave up on the transaction in favour of another (dead-lock, serialisation).
  bool may_repeat() const { return may_repeat_; }

 private:
  Error error_;
  bool connection_lost_;
  bool may_repeat_;
};

// A value for `:name` in a statement. Text must be storable (detail/stored_text.hpp).
struct Param {
  Param(std::string_view name_in, std::string text) : name(name_in), value(std::move(text)) {}
  Param(std::string_view name_in, std::string_view text)
      : name(name_in), value(std::string(text)) {}
  Param(std::string_view name_in, const char* text) : name(name_in), value(std::string(text)) {}
  Param(std::string_view name_in, long long number) : name(name_in), value(number) {}
  Param(std::string_view name_in, std::optional<long long> number) : name(name_in) {
    if (number) value = *number;
  }
  Param(std::string_view name_in, WallTime time) : name(name_in), value(to_unix_us(time)) {}
  Param(std::string_view name_in, const std::optional<WallTime>& time) : name(name_in) {
    if (time) value = to_unix_us(*time);
  }
  template <class Tag>
  Param(std::string_view name_in, const Id<Tag>& id) : name(name_in), value(id.text) {}

  std::string name;
  std::variant<std::monostate, long long, std::string> value;
};
using Params = std::vector<Param>;

// Columns are read in the order of the select list.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}
  std::string text() { return columns_.at(next_++).value_or(""); }
  long long number();
  bool flag() { return number() != 0; }
  WallTime time() { return from_unix_us(number()); }
  std::optional<WallTime> time_or_none();
  std::optional<long long> number_or_none();

 private:
  std::vector<std::optional<std::string>> columns_;
  std::size_t next_ = 0;
};

struct ConnectionTarget {
  Database database = Database::sqlite;
  std::string where;  // path of the file; or what libpq takes, password and all: never logged
  Duration statement_timeout{0};    // PostgreSQL's own; 0 = none
  StatementWatch* watch = nullptr;  // ends what hangs; null: nobody does
};

class Connection {
 public:
  // Connects and sets the connection up; for SQLite makes the file when `writer`.
  Connection(const ConnectionTarget& target, bool writer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Database database() const { return database_; }
  // Gives how many rows were changed.
  long long execute(std::string_view sql, const Params& params = {});
  std::vector<Row> query(std::string_view sql, std::size_t columns, const Params& params = {});
  // One statement that is not worth keeping: schema, settings, transaction control.
  void command(std::string_view sql);

 private:
  StatementWatch::Statement watched();
  void end_statement() noexcept;

  struct State;
  Database database_;
  StatementWatch* watch_;
  std::atomic<bool> ended_ = false;  // by the watch
  std::unique_ptr<State> state_;
};

}  // namespace earshot::store
