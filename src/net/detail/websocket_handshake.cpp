// Both handshakes, in a file of their own: Beast's templates for them take as long to compile as
// all the rest.
#include "net/detail/websocket_core.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace earshot::net::detail {

namespace asio = boost::asio;
namespace ws = boost::beast::websocket;

Task<Result<void>> WebSocketCore::secure_as_client(std::string host, SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  auto secured = co_await beast_.next_layer().handshake_as_client(std::move(host));
  if (!secured && ended_) co_return fail(ErrorKind::unavailable, "TLS handshake timed out");
  co_return secured;
}

Task<WebSocketCore::ErrorCode> WebSocketCore::accept(Request request, std::string subprotocol,
                                                     SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  beast_.set_option(ws::stream_base::decorator([subprotocol](ws::response_type& response) {
    response.set(boost::beast::http::field::server, "earshot");  // Beast would write its own
    if (!subprotocol.empty())
      response.set(boost::beast::http::field::sec_websocket_protocol, subprotocol);
  }));
  ErrorCode error;
  co_await beast_.async_accept(request, asio::redirect_error(asio::use_awaitable, error));
  if (ended_) error = asio::error::timed_out;
  co_return error;
}

Task<WebSocketCore::ErrorCode> WebSocketCore::shake_hands(std::string authority, std::string target,
                                                          HttpHeaders headers, Response& response,
                                                          SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  beast_.set_option(ws::stream_base::decorator([headers](ws::request_type& request) {
    request.erase(boost::beast::http::field::user_agent);
    for (const auto& [name, value] : headers) request.insert(name, value);
  }));
  ErrorCode error;
  co_await beast_.async_handshake(response, authority, target,
                                  asio::redirect_error(asio::use_awaitable, error));
  if (ended_) error = asio::error::timed_out;
  co_return error;
}

}  // namespace earshot::net::detail
