#include "net/testing/raw_connection.hpp"

#include "net/detail/asio_executor.hpp"
#include "net/detail/stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

namespace earshot::net {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class StreamConnection : public RawConnection {
 public:
  explicit StreamConnection(detail::Stream stream) : stream_(std::move(stream)) {}

  Task<bool> write(std::string bytes) override {
    std::string_view left = bytes;
    while (!left.empty()) {
      auto [error, size] = co_await stream_.async_write_some(
          asio::const_buffer(left.data(), left.size()), as_result);
      if (error) co_return false;
      left.remove_prefix(size);
    }
    co_return true;
  }
  Task<std::string> read_until(std::string end) override {
    while (true) {
      const auto found = read_.find(end);
      if (found != std::string::npos) {
        std::string piece = read_.substr(0, found + end.size());
        read_.erase(0, found + end.size());
        co_return piece;
      }
      if (!co_await read_more()) co_return std::exchange(read_, {});
    }
  }
  Task<std::string> read_to_end() override {
    while (co_await read_more()) {
    }
    co_return std::exchange(read_, {});
  }
  void shut_writing() override {
    boost::system::error_code ignored;
    stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  }
  void close() override { stream_.close(); }

 private:
  Task<bool> read_more() {
    char piece[4096];
    auto [error, size] =
        co_await stream_.async_read_some(asio::mutable_buffer(piece, sizeof(piece)), as_result);
    read_.append(piece, size);
    co_return !error;
  }
  detail::Stream stream_;
  std::string read_;
};

}  // namespace

Task<Result<std::unique_ptr<RawConnection>>> connect_raw(Network& network, Executor& executor,
                                                         std::string host, std::uint16_t port) {
  auto socket = co_await network.connect(std::move(host), port);
  if (!socket) co_return Failure(socket.error());
  co_return make_raw(executor, std::move(*socket));
}

std::unique_ptr<RawConnection> make_raw(Executor& executor, SocketFd socket) {
  detail::Stream stream(detail::io_context_of(executor), std::move(socket), nullptr);
  return std::make_unique<StreamConnection>(std::move(stream));
}

}  // namespace earshot::net
