#pragma once
// Where connections come from: real TCP, or a network in memory for tests. Both give a connected
// stream socket, so that HTTP, WebSocket and TLS above are one instantiation each: the memory
// network hands out the two ends of an AF_UNIX socket pair, which is bytes in the kernel's memory,
// with no port, no name look-up and no delay.

#include "base/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace earshot::net {

// An owned, connected, non-blocking stream socket descriptor.
class SocketFd {
 public:
  SocketFd() = default;
  explicit SocketFd(int fd) : fd_(fd) {}
  SocketFd(SocketFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SocketFd& operator=(SocketFd&& other) noexcept;
  ~SocketFd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct Accepted {
  SocketFd socket;
  std::string peer;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // `unavailable` when closed (Error::code is then "closed"; anything else is worth another try).
  virtual Task<Result<Accepted>> accept() = 0;
  virtual std::uint16_t port() const = 0;  // the true one, when 0 was asked for
  virtual void close() = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Binds at once, on the calling executor. Port 0 takes a free one. `share` lets several listeners
  // of one process have the same port (SO_REUSEPORT), one a thread.
  virtual Result<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t port,
                                                   bool share) = 0;
  virtual Task<Result<SocketFd>> connect(std::string host, std::uint16_t port) = 0;
  // For libcurl, which connects by itself: the name of the abstract AF_UNIX socket to connect to
  // instead of host and port, always the same for them; empty for "connect as usual".
  virtual std::string local_socket_name(std::string host, std::uint16_t port) {
    static_cast<void>(host);
    static_cast<void>(port);
    return {};
  }
};

std::unique_ptr<Network> make_tcp_network();

}  // namespace earshot::net
