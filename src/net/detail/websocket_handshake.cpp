// Both handshakes (RFC 6455, section 4). Beast parses the HTTP in them; its templates take as long
// to compile as all the rest, so they have a file of their own.
#include "base/base64.hpp"
#include "net/detail/websocket_core.hpp"

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/error.hpp>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

namespace earshot::net::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace ws = boost::beast::websocket;

namespace {

constexpr std::size_t key_bytes = 16;
constexpr std::uint32_t response_header_bytes_max = 16 << 10;
// Of a refusal: what a log line and an operator can use of it is read, no more.
constexpr std::size_t refusal_bytes_wanted = 512;
constexpr std::uint64_t refusal_bytes_max = 1 << 20;

std::string accept_key_of(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(as_bytes(text).data(), text.size(), digest.data());
  return base64::encode(digest);
}

std::string new_key() {
  std::array<std::uint8_t, key_bytes> bytes{};
  if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw boost::system::system_error(asio::error::no_recovery, "random bytes");
  return base64::encode(bytes);
}

bool is_key(std::string_view key) {
  const auto bytes = base64::decode(key);
  return bytes && bytes->size() == key_bytes;
}

std::string_view text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool has_token(boost::beast::string_view list, std::string_view token) {
  return http::token_list(list).exists({token.data(), token.size()});
}

}  // namespace

Task<Result<void>> WebSocketCore::secure_as_client(std::string host, SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  auto secured = co_await stream_.handshake_as_client(std::move(host));
  if (!secured && ended_) co_return fail(ErrorKind::unavailable, "TLS handshake timed out");
  co_return secured;
}

Task<WebSocketCore::ErrorCode> WebSocketCore::write_text(std::string text) {
  ErrorCode error;
  co_await asio::async_write(stream_, asio::buffer(text),
                             asio::redirect_error(asio::use_awaitable, error));
  if (ended_) error = asio::error::timed_out;
  co_return error;
}

Task<WebSocketCore::ErrorCode> WebSocketCore::accept(Request request, std::string subprotocol,
                                                     SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  const std::string key(text_of(request[http::field::sec_websocket_key]));
  if (!is_key(key)) {
    co_await write_text(
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    co_return ws::error::bad_sec_key;
  }
  if (text_of(request[http::field::sec_websocket_version]) != "13") {
    co_await write_text(
        "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
        "Connection: close\r\nContent-Length: 0\r\n\r\n");
    co_return ws::error::bad_sec_version;
  }
  std::string response = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Accept: {}\r\nServer: earshot\r\n",
      accept_key_of(key));
  if (!subprotocol.empty()) response += fmt::format("Sec-WebSocket-Protocol: {}\r\n", subprotocol);
  co_return co_await write_text(response + "\r\n");
}

Task<WebSocketCore::ErrorCode> WebSocketCore::shake_hands(std::string authority, std::string target,
                                                          HttpHeaders headers, Response& response,
                                                          SteadyTime until) {
  const auto self = shared_from_this();
  cut_at_ = until;
  arm_timer();
  const std::string key = new_key();
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n",
      target, authority, key);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  if (const auto error = co_await write_text(request + "\r\n")) co_return error;
  co_return co_await read_response(response, accept_key_of(key));
}

Task<WebSocketCore::ErrorCode> WebSocketCore::read_response(Response& response,
                                                            std::string accept_key) {
  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.header_limit(response_header_bytes_max);
  parser.body_limit(refusal_bytes_max);
  ErrorCode error;
  co_await http::async_read_header(stream_, buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, error));
  if (ended_) co_return asio::error::timed_out;
  // Too long a body is no reason not to say that we were refused.
  if (error && error != http::error::body_limit) co_return error;
  if (error || parser.get().result() != http::status::switching_protocols) {
    while (!error && !parser.is_done() && parser.get().body().size() < refusal_bytes_wanted)
      co_await http::async_read_some(stream_, buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    response = parser.release();
    co_return ws::error::upgrade_declined;
  }
  response = parser.release();
  if (response.version() != 11) co_return ws::error::bad_http_version;
  if (!has_token(response[http::field::connection], "upgrade"))
    co_return ws::error::no_connection_upgrade;
  if (!has_token(response[http::field::upgrade], "websocket"))
    co_return ws::error::no_upgrade_websocket;
  if (text_of(response[http::field::sec_websocket_accept]) != accept_key)
    co_return ws::error::bad_sec_accept;
  // None was offered, so that what follows could not be read.
  if (!response[http::field::sec_websocket_extensions].empty())
    co_return asio::error::no_protocol_option;
  const auto more = buffer.cdata();
  frames_->put({static_cast<const char*>(more.data()), more.size()});
  co_return ErrorCode();
}

}  // namespace earshot::net::detail
