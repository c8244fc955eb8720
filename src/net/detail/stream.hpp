#pragma once
// The one stream type under HTTP and WebSocket: a connected socket, TCP or AF_UNIX, with TLS or
// without. One type keeps Beast's templates to one instantiation; the price is a branch an
// operation.

#include "base/task.hpp"
#include "net/network.hpp"
#include "net/tls.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
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

}  // namespace earshot::net::detail
