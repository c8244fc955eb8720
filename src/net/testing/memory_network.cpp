#include "net/testing/memory_network.hpp"

#include "net/detail/waiter.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fmt/format.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <vector>

namespace earshot::net {

namespace {

constexpr std::uint16_t first_free_port = 40'000;
// As a kernel's backlog: connections beyond it are refused.
constexpr std::size_t backlog_max = 4096;

struct Port {
  std::string address;
  std::uint16_t number = 0;
  bool share = false;
  std::deque<Accepted> backlog;
  detail::Waiter accepting;
  bool closed = false;
};

// A descriptor's number alone may since mean another socket; with its inode it is this one.
struct Connection {
  std::uint16_t port = 0;
  int fd = -1;
  ino_t inode = 0;
};

ino_t inode_of(int fd) {
  struct stat about{};
  return ::fstat(fd, &about) == 0 ? about.st_ino : 0;
}

Result<std::pair<SocketFd, SocketFd>> socket_pair() {
  int fds[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
    return fail(ErrorKind::unavailable, "socketpair: " + std::generic_category().message(errno));
  return std::pair(SocketFd(fds[0]), SocketFd(fds[1]));
}

}  // namespace

struct MemoryNetwork::State {
  std::vector<std::shared_ptr<Port>> ports;
  std::set<std::pair<std::string, std::uint16_t>> unreachable;
  std::vector<Connection> connections;
  std::uint16_t next_port = first_free_port;
  std::uint16_t next_peer_port = 50'000;
  std::size_t turn = 0;  // among listeners that share a port

  std::shared_ptr<Port> find(const std::string& host, std::uint16_t number) {
    std::vector<std::shared_ptr<Port>> named;
    std::vector<std::shared_ptr<Port>> any;
    for (const auto& port : ports) {
      if (port->closed || port->number != number) continue;
      any.push_back(port);
      if (port->address == host) named.push_back(port);
    }
    auto& candidates = named.empty() ? any : named;
    if (candidates.empty()) return nullptr;
    return candidates[turn++ % candidates.size()];
  }
  void remember(std::uint16_t port, int fd) {
    if (connections.size() >= 1024)
      std::erase_if(connections, [](const Connection& c) { return inode_of(c.fd) != c.inode; });
    connections.push_back({port, fd, inode_of(fd)});
  }
  Result<SocketFd> connect(const std::string& host, std::uint16_t number) {
    const auto port = find(host, number);
    if (!port || unreachable.contains({host, number}) || port->backlog.size() >= backlog_max)
      return fail(ErrorKind::unavailable,
                  fmt::format("connect to {}:{}: Connection refused", host, number));
    auto pair = socket_pair();
    if (!pair) return Failure(pair.error());
    auto [near, far] = std::move(*pair);
    remember(number, near.get());
    const auto peer = fmt::format("127.0.0.1:{}", next_peer_port);
    next_peer_port =
        static_cast<std::uint16_t>(next_peer_port == 65'535 ? 50'000 : next_peer_port + 1);
    port->backlog.push_back({.socket = std::move(far), .peer = peer});
    port->accepting.wake();
    return std::move(near);
  }
};

namespace {

class MemoryListener : public Listener {
 public:
  explicit MemoryListener(std::shared_ptr<Port> port) : port_(std::move(port)) {}
  ~MemoryListener() override { close(); }
  Task<Result<Accepted>> accept() override { return accept_on(port_); }
  std::uint16_t port() const override { return port_->number; }
  void close() override {
    port_->closed = true;
    port_->backlog.clear();
    port_->accepting.wake();
  }

 private:
  static Task<Result<Accepted>> accept_on(std::shared_ptr<Port> port) {
    while (port->backlog.empty() && !port->closed) co_await port->accepting.wait();
    if (port->closed)
      co_return Failure(Error{
          .kind = ErrorKind::unavailable, .message = "the listener is closed", .code = "closed"});
    Accepted accepted = std::move(port->backlog.front());
    port->backlog.pop_front();
    co_return accepted;
  }
  std::shared_ptr<Port> port_;
};

}  // namespace

MemoryNetwork::MemoryNetwork() : state_(std::make_shared<State>()) {}

MemoryNetwork::~MemoryNetwork() = default;

Result<std::unique_ptr<Listener>> MemoryNetwork::listen(std::string address, std::uint16_t port,
                                                        bool share) {
  std::erase_if(state_->ports, [](const auto& known) { return known->closed; });
  if (port == 0) port = state_->next_port++;
  for (const auto& known : state_->ports)
    if (known->number == port && known->address == address && !(share && known->share))
      return fail(ErrorKind::conflict, fmt::format("{}:{} has a listener", address, port));
  auto opened = std::make_shared<Port>();
  opened->address = std::move(address);
  opened->number = port;
  opened->share = share;
  state_->ports.push_back(opened);
  return std::make_unique<MemoryListener>(std::move(opened));
}

Task<Result<SocketFd>> MemoryNetwork::connect(std::string host, std::uint16_t port) {
  auto state = state_;
  co_return state->connect(host, port);
}

SocketFd MemoryNetwork::preconnected(std::string host, std::uint16_t port) {
  auto connected = state_->connect(host, port);
  return connected ? std::move(*connected) : SocketFd();
}

void MemoryNetwork::set_unreachable(std::string host, std::uint16_t port, bool unreachable) {
  if (unreachable)
    state_->unreachable.emplace(std::move(host), port);
  else
    state_->unreachable.erase({host, port});
}

void MemoryNetwork::cut_connections(std::uint16_t port) {
  for (const Connection& connection : state_->connections)
    if (connection.port == port && inode_of(connection.fd) == connection.inode)
      ::shutdown(connection.fd, SHUT_RDWR);
  std::erase_if(state_->connections, [&](const Connection& c) { return c.port == port; });
}

}  // namespace earshot::net
