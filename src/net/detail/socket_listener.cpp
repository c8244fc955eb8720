#include "net/detail/socket_listener.hpp"

#include "net/detail/asio_executor.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <optional>
#include <system_error>

namespace earshot::net::detail {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class SocketListener : public Listener {
 public:
  SocketListener(SocketFd socket, std::uint16_t port, OnAccepted on_accepted)
      : state_(std::make_shared<State>()), port_(port) {
    state_->socket = std::move(socket);
    state_->on_accepted = std::move(on_accepted);
  }
  ~SocketListener() override { close(); }

  Task<Result<Accepted>> accept() override { return accept_on(state_); }
  std::uint16_t port() const override { return port_; }
  void close() override {
    state_->closed = true;
    if (state_->descriptor) state_->descriptor->close();
    state_->descriptor.reset();
    state_->socket = SocketFd();
  }

 private:
  // Shared with the coroutine that accepts, which may outlive the listener by one turn of the event
  // loop.
  struct State {
    SocketFd socket;
    OnAccepted on_accepted;
    std::optional<asio::posix::stream_descriptor> descriptor;  // made on the accepting thread
    bool closed = false;
  };

  static Failure closed() {
    return Failure(Error{
        .kind = ErrorKind::unavailable, .message = "the listener is closed", .code = "closed"});
  }

  static Task<Result<Accepted>> accept_on(std::shared_ptr<State> state) {
    if (!state->closed && !state->descriptor) {
      const int fd = state->socket.release();
      state->descriptor.emplace(io_context_of(co_await asio::this_coro::executor), fd);
    }
    while (!state->closed) {
      sockaddr_storage peer{};
      socklen_t size = sizeof(peer);
      const int fd =
          ::accept4(state->descriptor->native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                    SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        SocketFd accepted(fd);
        std::string name = state->on_accepted(fd, peer);
        co_return Accepted{.socket = std::move(accepted), .peer = std::move(name)};
      }
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) {
        co_await state->descriptor->async_wait(asio::posix::descriptor_base::wait_read, as_result);
      } else if (error != EINTR && error != ECONNABORTED) {
        co_return fail(ErrorKind::unavailable, "accept: " + std::generic_category().message(error));
      }
    }
    co_return closed();
  }

  std::shared_ptr<State> state_;
  std::uint16_t port_;
};

}  // namespace

std::unique_ptr<Listener> make_socket_listener(SocketFd socket, std::uint16_t port,
                                               OnAccepted on_accepted) {
  return std::make_unique<SocketListener>(std::move(socket), port, std::move(on_accepted));
}

}  // namespace earshot::net::detail
