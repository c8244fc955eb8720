#include "net/network.hpp"

#include "net/detail/asio_executor.hpp"
#include "net/detail/socket_listener.hpp"

#include <arpa/inet.h>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace earshot::net {

namespace asio = boost::asio;

SocketFd& SocketFd::operator=(SocketFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

SocketFd::~SocketFd() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string errno_text(int error) { return std::generic_category().message(error); }

// About a second of audio. What the kernel has taken and not sent can be neither dropped nor
// overtaken, and it would take some megabytes: StopAudio to a slow peer would wait behind a minute.
constexpr int unsent_bytes_max = 64 << 10;

void set_up_connection(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max, sizeof(unsent_bytes_max));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Address> parse_address(std::string text, std::uint16_t port) {
  if (text == "localhost") text = "127.0.0.1";
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof(sockaddr_in);
    return address;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return std::nullopt;
}

std::uint16_t port_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
}

std::string to_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    return fmt::format("[{}]:{}", text, ntohs(v6.sin6_port));
  }
  const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
  inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  return fmt::format("{}:{}", text, ntohs(v4.sin_port));
}

class TcpNetwork : public Network {
 public:
  Result<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t port,
                                           bool share) override {
    const auto parsed = parse_address(address, port);
    if (!parsed)
      return fail(ErrorKind::invalid, fmt::format("listen address '{}' is no IP address", address));
    SocketFd socket(
        ::socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto failed = [&](std::string_view step) {
      const int error = errno;
      const auto kind = error == EADDRINUSE ? ErrorKind::conflict : ErrorKind::unavailable;
      return fail(kind, fmt::format("{} {}:{}: {}", step, address, port, errno_text(error)));
    };
    if (!socket) return failed("socket for");
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (share && ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
      return failed("share port of");
    if (::bind(socket.get(), parsed->get(), parsed->size) != 0) return failed("bind to");
    if (::listen(socket.get(), SOMAXCONN) != 0) return failed("listen on");
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0)
      return failed("name of");
    const auto true_port = port_of(bound);
    return detail::make_socket_listener(std::move(socket), true_port,
                                        [](int fd, const sockaddr_storage& peer) {
                                          set_up_connection(fd);
                                          return to_text(peer);
                                        });
  }

  Task<Result<SocketFd>> connect(std::string host, std::uint16_t port) override {
    auto& context = detail::io_context_of(co_await asio::this_coro::executor);
    asio::ip::tcp::resolver resolver(context);
    auto [failed, endpoints] =
        co_await resolver.async_resolve(host, std::to_string(port), as_result);
    if (failed)
      co_return fail(ErrorKind::unavailable, fmt::format("look up {}: {}", host, failed.message()));
    boost::system::error_code last = asio::error::host_not_found;
    for (const auto& endpoint : endpoints) {
      asio::ip::tcp::socket socket(context);
      auto [error] = co_await socket.async_connect(endpoint.endpoint(), as_result);
      if (!error) {
        socket.native_non_blocking(true);
        set_up_connection(socket.native_handle());
        co_return SocketFd(socket.release());
      }
      last = error;
    }
    co_return fail(ErrorKind::unavailable,
                   fmt::format("connect to {}:{}: {}", host, port, last.message()));
  }
};

}  // namespace

std::unique_ptr<Network> make_tcp_network() { return std::make_unique<TcpNetwork>(); }

}  // namespace earshot::net
