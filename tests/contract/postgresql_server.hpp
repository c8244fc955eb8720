#pragma once
// A real PostgreSQL server of a test's own: made in a temporary directory, on a free port of the
// loopback, stopped at the end. A missing server program is a failure of the test, not a reason to
// skip it (Debian: package `postgresql`). Never runs as root: as root it becomes user `postgres`.

#include "tests/contract/temporary_directory.hpp"

#include <string>

namespace earshot::contract {

class PostgresqlServer {
 public:
  PostgresqlServer();
  ~PostgresqlServer();
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;

  // A new empty database, as make_sql_store() takes it.
  std::string make_database();
  void stop();   // at once, as a crash would: connections break
  void start();  // waits until it answers
  // Hangs: connections stand, and nothing is answered.
  void freeze();
  void thaw();

 private:
  int run(const std::string& command) const;
  void signal_all(const char* signal) const;

  TemporaryDirectory directory_;
  std::string programs_;  // directory of initdb and its like
  std::string become_;    // what stands before a command to run it as somebody else
  int port_ = 0;
  int databases_ = 0;
};

}  // namespace earshot::contract
