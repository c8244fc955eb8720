#include "store/detail/connection.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <list>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/socket.h>
#include <unordered_map>

namespace earshot::store {
namespace {

// Above it the kept statements are dropped: texts are few, so this is only a guard.
constexpr std::size_t statements_kept_max = 256;
constexpr std::size_t message_bytes_max = 200;

// SOCI's what() and PostgreSQL's later lines quote the values; the first line of the bare message
// does not.
std::string first_line(const soci::soci_error& error) {
  auto message = error.get_error_message();
  message.resize(std::min({message.find('\n'), message.size(), message_bytes_max}));
  return message;
}

DatabaseError too_slow(std::string_view detail) {
  return {{.kind = ErrorKind::unavailable,
           .message = "the database took too long for a statement" + std::string(detail),
           .code = std::string(DatabaseError::took_too_long_code)},
          true};
}

DatabaseError sqlite_error(const soci::soci_error& error, int code) {
  const auto line = first_line(error);
  switch (code & 0xff) {
    case 11:  // SQLITE_CORRUPT
    case 26:  // SQLITE_NOTADB
      return {{.kind = ErrorKind::corrupt,
               .message = "the database file is damaged or is no SQLite database (" + line +
                          "): restore it from a backup, or move it away to start empty"},
              false};
    case 19:  // SQLITE_CONSTRAINT
      return {{.kind = ErrorKind::conflict, .message = "database: " + line}, false};
    case 9:  // SQLITE_INTERRUPT
      return too_slow("");
    case 13:  // SQLITE_FULL
      return {{.kind = ErrorKind::unavailable,
               .message = "the disk of the database is full: make room in its directory"},
              false};
    case 5:  // SQLITE_BUSY
    case 6:  // SQLITE_LOCKED
      return {{.kind = ErrorKind::unavailable,
               .message = "the database is locked by another process: end that process"},
              false};
    case 8:   // SQLITE_READONLY
    case 10:  // SQLITE_IOERR
    case 14:  // SQLITE_CANTOPEN
    case 23:  // SQLITE_AUTH
      return {{.kind = ErrorKind::unavailable,
               .message = "the database file cannot be read or written (" + line +
                          "): check that its directory exists and may be written by this user"},
              true};
    default:
      return {{.kind = ErrorKind::unavailable, .message = "database: " + line}, true};
  }
}

DatabaseError postgresql_error(const soci::postgresql_soci_error& error) {
  // Five characters with no terminator of their own.
  const std::string state = error.sqlstate().substr(0, 5);
  const auto line = first_line(error);
  if (state == "40001" || state == "40P01")
    return {{.kind = ErrorKind::unavailable, .message = "database: " + line, .code = state},
            false,
            true};
  if (state.starts_with("23"))
    return {{.kind = ErrorKind::conflict, .message = "database: " + line, .code = state}, false};
  if (state.starts_with("22") || state.starts_with("54"))
    return {{.kind = ErrorKind::invalid, .message = "database: " + line, .code = state}, false};
  if (state == "XX001" || state == "XX002")
    return {{.kind = ErrorKind::corrupt, .message = "database: " + line, .code = state}, false};
  if (state == "57014" || state == "55P03") return too_slow(" (" + line + ")");
  // 08 connection, 57P server stopping, 53 out of something, 28 credentials, or no answer at all.
  return {{.kind = ErrorKind::unavailable,
           .message = "PostgreSQL is away (" + line +
                      "): check that it runs, and its address, user and password",
           .code = state},
          true};
}

// SOCI has no code for a connection that cannot be made, or that broke: libpq's reason is on the
// message's second line. It names host and user, never the password.
DatabaseError connection_error(const soci::soci_error& error) {
  auto reason = error.get_error_message();
  if (const auto line = reason.find('\n'); line != std::string::npos) reason.erase(0, line + 1);
  reason.resize(std::min({reason.find('\n'), reason.size(), message_bytes_max}));
  return {{.kind = ErrorKind::unavailable,
           .message = "the database is away (" + reason +
                      "): check that it runs, and its address, user and password"},
          true};
}

[[noreturn]] void rethrow_as_ours(bool ended) {
  try {
    throw;
  } catch (const soci::soci_error&) {
    if (ended) throw too_slow(" and was ended");
  }
  try {
    throw;
  } catch (const soci::sqlite3_soci_error& error) {
    throw sqlite_error(error, error.result());
  } catch (const soci::postgresql_soci_error& error) {
    throw postgresql_error(error);
  } catch (const soci::soci_error& error) {
    throw connection_error(error);
  }
}

std::string soci_text(const ConnectionTarget& target) {
  // Quoted, so that a path may hold spaces and equals signs.
  return target.database == Database::sqlite ? "dbname=\"" + target.where + "\"" : target.where;
}

}  // namespace

long long Row::number() { return number_or_none().value_or(0); }

std::optional<long long> Row::number_or_none() {
  const auto& column = columns_.at(next_++);
  if (!column) return std::nullopt;
  long long number = 0;
  const auto* end = column->data() + column->size();
  if (auto [at, error] = std::from_chars(column->data(), end, number);
      error != std::errc() || at != end)
    throw DatabaseError(
        {.kind = ErrorKind::corrupt, .message = "the database holds text where a number belongs"},
        false);
  return number;
}

std::optional<WallTime> Row::time_or_none() {
  const auto number = number_or_none();
  if (!number) return std::nullopt;
  return from_unix_us(*number);
}

struct Connection::State {
  std::unique_ptr<soci::session> session;
  std::unordered_map<std::string, std::unique_ptr<soci::statement>> statements;

  soci::statement& prepared(std::string_view sql) {
    std::string key(sql);
    if (auto found = statements.find(key); found != statements.end()) return *found->second;
    if (statements.size() >= statements_kept_max) statements.clear();
    auto statement = std::make_unique<soci::statement>(*session);
    statement->alloc();
    statement->prepare(key);
    return *statements.emplace(std::move(key), std::move(statement)).first->second;
  }
};

Connection::Connection(const ConnectionTarget& target, bool writer)
    : database_(target.database), watch_(target.watch), state_(std::make_unique<State>()) {
  try {
    const auto text = soci_text(target);
    state_->session = target.database == Database::sqlite
                          ? std::make_unique<soci::session>(soci::sqlite3, text)
                          : std::make_unique<soci::session>(soci::postgresql, text);
  } catch (const soci::soci_error&) {
    rethrow_as_ours(ended_);
  }
  for (const auto& setting : connection_settings(database_, writer, target.statement_timeout))
    command(setting);
}

Connection::~Connection() {
  // Statements belong to the session: they go first.
  state_->statements.clear();
}

StatementWatch::Statement Connection::watched() {
  return StatementWatch::Statement(watch_, [this] { end_statement(); });
}

// From another thread, while this connection's is inside SQLite or libpq: both allow it.
void Connection::end_statement() noexcept {
  ended_ = true;
  if (database_ == Database::sqlite) {
    auto& backend = static_cast<soci::sqlite3_session_backend&>(*state_->session->get_backend());
    sqlite_api::sqlite3_interrupt(backend.conn_);
    return;
  }
  // Asking the server to cancel needs a server that answers. The end of the stream does not.
  auto& backend = static_cast<soci::postgresql_session_backend&>(*state_->session->get_backend());
  ::shutdown(PQsocket(backend.conn_), SHUT_RDWR);
}

namespace {

// Values stay where they are while the statement runs: SOCI keeps their addresses.
struct Binding {
  std::list<std::string> texts;
  std::list<long long> numbers;
  std::list<soci::indicator> indicators;

  void add(soci::statement& statement, const Param& param) {
    auto& indicator = indicators.emplace_back(soci::i_ok);
    if (const auto* number = std::get_if<long long>(&param.value)) {
      statement.exchange(soci::use(numbers.emplace_back(*number), indicator, param.name));
      return;
    }
    if (const auto* text = std::get_if<std::string>(&param.value)) {
      statement.exchange(soci::use(texts.emplace_back(*text), indicator, param.name));
      return;
    }
    indicator = soci::i_null;
    statement.exchange(soci::use(numbers.emplace_back(0), indicator, param.name));
  }
};

}  // namespace

long long Connection::execute(std::string_view sql, const Params& params) {
  const auto watching = watched();
  try {
    auto& statement = state_->prepared(sql);
    Binding binding;
    for (const auto& param : params) binding.add(statement, param);
    statement.define_and_bind();
    statement.execute(true);
    const auto changed = statement.get_affected_rows();
    statement.bind_clean_up();
    return changed;
  } catch (const soci::soci_error&) {
    // A statement that failed half-way may hold locks and bindings.
    state_->statements.erase(std::string(sql));
    rethrow_as_ours(ended_);
  }
}

std::vector<Row> Connection::query(std::string_view sql, std::size_t columns,
                                   const Params& params) {
  const auto watching = watched();
  try {
    auto& statement = state_->prepared(sql);
    Binding binding;
    for (const auto& param : params) binding.add(statement, param);
    std::vector<std::string> values(columns);
    std::vector<soci::indicator> present(columns, soci::i_ok);
    for (std::size_t i = 0; i < columns; ++i) statement.exchange(soci::into(values[i], present[i]));
    statement.define_and_bind();
    statement.execute(false);
    std::vector<Row> rows;
    // To the end: a statement left in the middle would hold an old view of the database.
    while (statement.fetch()) {
      std::vector<std::optional<std::string>> row(columns);
      for (std::size_t i = 0; i < columns; ++i)
        if (present[i] != soci::i_null) row[i] = values[i];
      rows.emplace_back(std::move(row));
    }
    statement.bind_clean_up();
    return rows;
  } catch (const soci::soci_error&) {
    state_->statements.erase(std::string(sql));
    rethrow_as_ours(ended_);
  }
}

void Connection::command(std::string_view sql) {
  const auto watching = watched();
  try {
    *state_->session << std::string(sql);
  } catch (const soci::soci_error&) {
    rethrow_as_ours(ended_);
  }
}

}  // namespace earshot::store
