#pragma once
// The one stream type under HTTP and WebSocket: a connected socket, TCP or AF_UNIX, with TLS or
// without. One type keeps Beast's templates to one instantiation; the price is a branch an
// operation.

#include "base/task.hpp"
#include "net/network.hpp"
#include "net/tls.hpp"

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <functional>
#include <memory>
#include <string>

namespace earshot::net::detail {

class Stream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using Socket =
      boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, executor_type>;
  using TlsStream = boost::asio::ssl::stream<Socket>;

  // Takes the descriptor over. Throws boost::system::system_error for one that is no socket.
  Stream(boost::asio::io_context& context, SocketFd fd, std::shared_ptr<TlsContext> tls);
  Stream(Stream&&) noexcept = default;

  executor_type get_executor() { return socket().get_executor(); }
  Socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }
  TlsStream* tls() { return tls_.get(); }

  // `unavailable`; nothing to do without TLS.
  Task<Result<void>> handshake_as_server();
  // Checks the certificate against `host` and sends it as the server name.
  Task<Result<void>> handshake_as_client(std::string host);

  // Called when a WebSocket over this begins to end its stream.
  std::function<void()> on_teardown;

  // Cuts: pending operations end with an error. May be called twice.
  void close();
  // Ends what is pending, the socket stays.
  void cancel();

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_read_some(buffers, std::forward<Token>(token))
                : plain_->async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return tls_ ? tls_->async_write_some(buffers, std::forward<Token>(token))
                : plain_->async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  std::shared_ptr<TlsContext> context_;
  std::unique_ptr<Socket> plain_;  // one of the two
  std::unique_ptr<TlsStream> tls_;
};

// What Beast asks of a stream by argument-dependent look-up.
inline void beast_close_socket(Stream& stream) { stream.close(); }

// Ends a WebSocket's stream: says goodbye, then throws away what still comes until the peer has
// closed. Always succeeds, so that Beast reports why the socket ended and not how its stream did.
// Unlike Beast's own, it says when it begins (Stream::on_teardown), because the waiting needs a
// bound.
class Teardown {
 public:
  Teardown(boost::beast::role_type role, Stream& stream)
      : role_(role), stream_(stream), discarded_(std::make_unique<Bytes>()) {}

  template <class Self>
  void operator()(Self& self, boost::system::error_code error = {}, std::size_t = 0) {
    if (step_ == Step::tls) {
      step_ = Step::socket;
      if (auto* tls = stream_.tls()) return tls->async_shutdown(std::move(self));
    }
    if (step_ == Step::socket) {
      step_ = Step::drain;
      boost::system::error_code ignored;
      // The server closes first, so that the many waiting states of closed connections are not all
      // on its side.
      if (role_ == boost::beast::role_type::server)
        stream_.socket().shutdown(boost::asio::socket_base::shutdown_send, ignored);
    } else if (error) {
      return self.complete({});
    }
    stream_.socket().async_read_some(boost::asio::buffer(*discarded_), std::move(self));
  }

 private:
  enum class Step { tls, socket, drain };
  using Bytes = std::array<char, 4096>;
  boost::beast::role_type role_;
  Stream& stream_;
  Step step_ = Step::tls;
  std::unique_ptr<Bytes> discarded_;
};

template <class Handler>
void async_teardown(boost::beast::role_type role, Stream& stream, Handler&& handler) {
  if (stream.on_teardown) stream.on_teardown();
  boost::asio::async_compose<Handler, void(boost::system::error_code)>(
      Teardown(role, stream), handler, stream.get_executor());
}

}  // namespace earshot::net::detail
