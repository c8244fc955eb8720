#include "net/detail/stream.hpp"

#include "net/detail/tls_context.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <sys/socket.h>

namespace earshot::net::detail {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

int family_of(int fd) {
  int family = 0;
  socklen_t size = sizeof(family);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
    throw boost::system::system_error(errno, boost::system::system_category(), "socket family");
  return family;
}

Stream::Socket take_over(asio::io_context& context, SocketFd fd) {
  const asio::generic::stream_protocol protocol(family_of(fd.get()), 0);
  Stream::Socket socket(context.get_executor(), protocol, fd.get());
  fd.release();
  return socket;
}

}  // namespace

Stream::Stream(asio::io_context& context, SocketFd fd, std::shared_ptr<TlsContext> tls)
    : context_(std::move(tls)) {
  auto socket = take_over(context, std::move(fd));
  if (context_)
    tls_ = std::make_unique<TlsStream>(std::move(socket), context_->context);
  else
    plain_ = std::make_unique<Socket>(std::move(socket));
}

Task<Result<void>> Stream::handshake_as_server() {
  if (!tls_) co_return ok();
  auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::server, as_result);
  if (error) co_return fail(ErrorKind::unavailable, "TLS handshake: " + error.message());
  co_return ok();
}

Task<Result<void>> Stream::handshake_as_client(std::string host) {
  if (!tls_) co_return ok();
  boost::system::error_code error;
  // An address is no server name (RFC 6066, section 3).
  const bool is_address = host.find_first_not_of("0123456789.") == std::string::npos ||
                          host.find(':') != std::string::npos;
  if (!is_address && SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str()) != 1)
    co_return fail(ErrorKind::invalid, "TLS: no server name can be made of the host");
  tls_->set_verify_callback(asio::ssl::host_name_verification(host), error);
  if (!error)
    std::tie(error) = co_await tls_->async_handshake(asio::ssl::stream_base::client, as_result);
  if (error) co_return fail(ErrorKind::unavailable, "TLS handshake: " + error.message());
  co_return ok();
}

void Stream::close() {
  boost::system::error_code ignored;
  socket().close(ignored);
}

void Stream::cancel() {
  boost::system::error_code ignored;
  socket().cancel(ignored);
}

}  // namespace earshot::net::detail
