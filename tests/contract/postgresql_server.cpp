#include "tests/contract/postgresql_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace earshot::contract {
namespace {

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// The newest of /usr/lib/postgresql/<version>/bin.
std::string find_programs() {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", error))
    if (std::filesystem::exists(version.path() / "bin" / "initdb"))
      found.push_back(version.path() / "bin");
  std::ranges::sort(found);
  REQUIRE_MESSAGE(!found.empty(), "no PostgreSQL server here: install the package postgresql");
  return found.back().string();
}

}  // namespace

PostgresqlServer::PostgresqlServer() : programs_(find_programs()), port_(free_port()) {
  const auto& path = directory_.path();
  if (::geteuid() == 0) {
    become_ = "setpriv --reuid postgres --regid postgres --clear-groups --reset-env ";
    REQUIRE(run(fmt::format("chown postgres {}", path.string())) == 0);
  }
  REQUIRE(run(fmt::format("{}{}/initdb -D {}/data -U earshot -A trust -E UTF8 --locale=C", become_,
                          programs_, path.string())) == 0);
  start();
}

PostgresqlServer::~PostgresqlServer() { stop(); }

int PostgresqlServer::run(const std::string& command) const {
  // In the directory of the test, which both users may enter, and quiet but for a file that a
  // failed test can be looked at by.
  return std::system(
      fmt::format("cd {0} && {1} >>{0}/commands.log 2>&1", directory_.path().string(), command)
          .c_str());
}

void PostgresqlServer::start() {
  // Without fsync: only this server is ever stopped hard, not the machine, and a database is made
  // in a tenth of the time.
  const auto path = directory_.path().string();
  REQUIRE(run(fmt::format(
              "{}{}/pg_ctl start -w -t 60 -D {}/data -l {}/data/server.log -o "
              "'-p {} -c fsync=off -c listen_addresses=127.0.0.1 -c unix_socket_directories={}'",
              become_, programs_, path, path, port_, path)) == 0);
}

void PostgresqlServer::stop() {
  std::ignore = run(fmt::format("{}{}/pg_ctl stop -w -m immediate -D {}/data", become_, programs_,
                                directory_.path().string()));
}

// The server's processes are the children of the one whose id its file has.
void PostgresqlServer::signal_all(const char* signal) const {
  REQUIRE(run(fmt::format("main=$(head -n 1 {0}/data/postmaster.pid) && kill -s {1} $main $(cat "
                          "/proc/$main/task/$main/children)",
                          directory_.path().string(), signal)) == 0);
}

void PostgresqlServer::freeze() { signal_all("STOP"); }
void PostgresqlServer::thaw() { signal_all("CONT"); }

std::string PostgresqlServer::make_database() {
  const auto name = fmt::format("earshot_{}", ++databases_);
  REQUIRE(run(fmt::format("{}{}/createdb -h 127.0.0.1 -p {} -U earshot {}", become_, programs_,
                          port_, name)) == 0);
  return fmt::format("postgresql://earshot@127.0.0.1:{}/{}", port_, name);
}

}  // namespace earshot::contract
