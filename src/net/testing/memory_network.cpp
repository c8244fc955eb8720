#include "net/testing/memory_network.hpp"

#include "net/detail/socket_listener.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fmt/format.h>
#include <set>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <vector>

namespace earshot::net {

namespace {

constexpr std::uint16_t first_free_port = 40'000;
constexpr std::uint16_t first_peer_port = 50'000;
// A name that no socket can have: the kernel's own are five hexadecimal digits.
constexpr std::string_view nobodys_name = "earshot-unreachable";

struct Port {
  std::string address;
  std::uint16_t number = 0;
  bool share = false;
  std::string name;  // of its socket
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

SocketFd open_socket() {
  return SocketFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Failure failed(std::string_view doing) {
  const int error = errno;
  return fail(ErrorKind::unavailable,
              fmt::format("{}: {}", doing, std::generic_category().message(error)));
}

// Listens under a name that the kernel chooses, and gives the name.
Result<std::string> listen_anywhere(int fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) != 0)
    return failed("bind");
  if (::listen(fd, SOMAXCONN) != 0) return failed("listen");
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return failed("getsockname");
  const std::size_t path_size = size - offsetof(sockaddr_un, sun_path);
  return std::string(address.sun_path + 1, path_size - 1);
}

Result<SocketFd> connect_to(const std::string& name) {
  SocketFd socket = open_socket();
  if (!socket) return failed("socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0)
    return failed("connect");
  return socket;
}

class MemoryListener : public Listener {
 public:
  MemoryListener(std::shared_ptr<Port> port, std::unique_ptr<Listener> inner)
      : port_(std::move(port)), inner_(std::move(inner)) {}
  ~MemoryListener() override { port_->closed = true; }
  Task<Result<Accepted>> accept() override { return inner_->accept(); }
  std::uint16_t port() const override { return port_->number; }
  void close() override {
    port_->closed = true;
    inner_->close();
  }

 private:
  std::shared_ptr<Port> port_;
  std::unique_ptr<Listener> inner_;
};

}  // namespace

struct MemoryNetwork::State {
  std::vector<std::shared_ptr<Port>> ports;
  std::set<std::pair<std::string, std::uint16_t>> unreachable;
  std::vector<Connection> connections;
  std::size_t forget_at = 64;  // the number of connections at which closed ones are looked for
  std::uint16_t next_port = first_free_port;
  std::uint16_t next_peer_port = first_peer_port;
  std::size_t turn = 0;  // among listeners that share a port

  std::vector<std::shared_ptr<Port>> find(const std::string& host, std::uint16_t number) {
    std::vector<std::shared_ptr<Port>> named;
    std::vector<std::shared_ptr<Port>> any;
    if (unreachable.contains({host, number})) return any;
    for (const auto& port : ports) {
      if (port->closed || port->number != number) continue;
      any.push_back(port);
      if (port->address == host) named.push_back(port);
    }
    return named.empty() ? any : named;
  }
  std::string accepted(std::uint16_t port, int fd) {
    if (connections.size() >= forget_at) {
      std::erase_if(connections, [](const Connection& c) { return inode_of(c.fd) != c.inode; });
      forget_at = std::max<std::size_t>(64, connections.size() * 2);
    }
    connections.push_back({port, fd, inode_of(fd)});
    const std::uint16_t peer = next_peer_port;
    next_peer_port = peer == 65'535 ? first_peer_port : static_cast<std::uint16_t>(peer + 1);
    return fmt::format("127.0.0.1:{}", peer);
  }
};

MemoryNetwork::MemoryNetwork() : state_(std::make_shared<State>()) {}

MemoryNetwork::~MemoryNetwork() = default;

Result<std::unique_ptr<Listener>> MemoryNetwork::listen(std::string address, std::uint16_t port,
                                                        bool share) {
  std::erase_if(state_->ports, [](const auto& known) { return known->closed; });
  if (port == 0) port = state_->next_port++;
  for (const auto& known : state_->ports)
    if (known->number == port && known->address == address && !(share && known->share))
      return fail(ErrorKind::conflict, fmt::format("{}:{} has a listener", address, port));
  SocketFd socket = open_socket();
  if (!socket) return failed("socket");
  auto name = listen_anywhere(socket.get());
  if (!name) return Failure(name.error());
  auto opened = std::make_shared<Port>(std::move(address), port, share, std::move(*name));
  state_->ports.push_back(opened);
  auto inner = detail::make_socket_listener(
      std::move(socket), port, [state = state_, port](int fd, const sockaddr_storage&) {
        return state->accepted(port, fd);
      });
  return std::make_unique<MemoryListener>(std::move(opened), std::move(inner));
}

Task<Result<SocketFd>> MemoryNetwork::connect(std::string host, std::uint16_t port) {
  const auto doing = fmt::format("connect to {}:{}", host, port);
  const auto candidates = state_->find(host, port);
  if (candidates.empty()) co_return fail(ErrorKind::unavailable, doing + ": Connection refused");
  auto connected = connect_to(candidates[state_->turn++ % candidates.size()]->name);
  if (!connected) co_return fail(doing, connected.error());
  co_return connected;
}

std::string MemoryNetwork::local_socket_name(std::string host, std::uint16_t port) {
  const auto candidates = state_->find(host, port);
  return candidates.empty() ? std::string(nobodys_name) : candidates.front()->name;
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
