// The bytes of an HttpSession: reading into its buffer, writing responses.
#include "net/detail/http_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/string.hpp>
#include <fmt/format.h>

namespace earshot::net::detail {

namespace asio = boost::asio;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t read_bytes = 8 << 10;
constexpr std::size_t read_bytes_of_long_body = 64 << 10;
// A response up to this size leaves in one write with its head.
constexpr std::size_t joined_body_bytes_max = 16 << 10;
// How long, and how much, a refused body is still read and thrown away, so that the refusal is not
// lost in a reset.
constexpr Duration linger_time = 2s;
constexpr std::size_t linger_bytes_max = 64 << 20;

// The server writes these itself.
bool is_framing(std::string_view name) {
  for (std::string_view ours : {"content-length", "transfer-encoding", "connection", "date"})
    if (boost::beast::iequals(name, ours)) return true;
  return false;
}

bool is_token(std::string_view name) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  for (char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && others.find(c) == std::string_view::npos) return false;
  }
  return !name.empty();
}

// A line break in a header would let whoever chose the value write headers, or a whole response, of
// his own.
bool is_sound(const HttpResponse& response) {
  if (response.status < 200 || response.status > 999) return false;
  for (const auto& [name, value] : response.headers)
    if (!is_token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
      return false;
  return true;
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

Task<bool> HttpSession::read_more() {
  if (cut_ || timed_out_) co_return false;
  const auto room =
      buffer_.prepare(buffer_.capacity() > read_bytes ? read_bytes_of_long_body : read_bytes);
  auto [error, size] = co_await stream_->async_read_some(room, as_result);
  buffer_.commit(size);
  co_return !error;
}

Task<bool> HttpSession::write_text(std::string text) {
  for (std::size_t sent = 0; sent < text.size();) {
    // The time is for each step, not for the whole: a slow reader of a long recording is welcome, a
    // dead one is not.
    allow(server_->options.body_timeout);
    const asio::const_buffer rest(text.data() + sent, text.size() - sent);
    auto [error, size] = co_await stream_->async_write_some(rest, as_result);
    if (error || cut_) co_return false;
    sent += size;
  }
  co_return true;
}

std::string HttpSession::head_of(const HttpResponse& response, bool keep_alive) const {
  std::string head =
      fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status),
                  to_http_date(server_->clock.wall_now()));
  for (const auto& [name, value] : response.headers)
    if (!is_framing(name)) head += fmt::format("{}: {}\r\n", name, value);
  if (!keep_alive) head += "Connection: close\r\n";
  return head;
}

Task<bool> HttpSession::write_response(HttpResponse response, bool keep_alive, bool head_only) {
  if (!is_sound(response)) {
    server_->metrics.handler_failures.add();
    server_->log.error("http response refused: its status or a header is not allowed",
                       {{"status", response.status}});
    response = error_response(500, "internal_error", "the service failed on this request");
  }
  keep_alive = keep_alive && !server_->stopping;
  timed_out_ = false;
  std::string head = head_of(response, keep_alive);
  if (response.stream && !has_no_body(response.status)) {
    if (head_only) {
      if (response.stream_length)
        head += fmt::format("Content-Length: {}\r\n", *response.stream_length);
      head += "\r\n";
      co_return co_await write_text(std::move(head)) && keep_alive;
    }
    const bool ends_with_stream = !response.stream_length && !chunks_understood_;
    if (ends_with_stream && keep_alive) head += "Connection: close\r\n";
    co_return co_await write_stream(std::move(response), std::move(head)) && keep_alive &&
        !ends_with_stream;
  }
  if (!has_no_body(response.status))
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  head += "\r\n";
  if (head_only || has_no_body(response.status))
    co_return co_await write_text(std::move(head)) && keep_alive;
  if (response.body.size() <= joined_body_bytes_max) {
    head += response.body;
    co_return co_await write_text(std::move(head)) && keep_alive;
  }
  co_return co_await write_text(std::move(head)) && co_await write_text(std::move(response.body)) &&
      keep_alive;
}

// A reader that fails on its first piece gives 500; later there is no way to say so but to cut the
// connection.
Task<bool> HttpSession::write_stream(HttpResponse response, std::string head) {
  deadline_.clear();
  auto piece = co_await response.stream->next();
  if (!piece) {
    server_->log.warn("http body could not be read", {{"reason", piece.error().message}});
    auto failed = error_response(500, "internal_error", "the service failed on this request");
    co_await refuse(std::move(failed));
    co_return false;
  }
  const auto length = response.stream_length;
  const bool chunked = !length && chunks_understood_;
  if (length) head += fmt::format("Content-Length: {}\r\n", *length);
  if (chunked) head += "Transfer-Encoding: chunked\r\n";
  head += "\r\n";
  if (!co_await write_text(std::move(head))) co_return false;
  std::uint64_t sent = 0;
  while (!piece->empty()) {
    sent += piece->size();
    if (length && sent > *length) break;
    std::string framed =
        chunked ? fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece) : std::move(*piece);
    if (!co_await write_text(std::move(framed))) co_return false;
    deadline_.clear();
    piece = co_await response.stream->next();
    if (!piece) {
      server_->log.warn("http body broke off", {{"reason", piece.error().message}, {"sent", sent}});
      if (!length && !chunked) reset();
      co_return false;
    }
  }
  if (chunked) co_return co_await write_text("0\r\n\r\n");
  if (!length) co_return true;
  if (sent != *length)
    server_->log.error("http body is not as long as announced",
                       {{"announced", *length}, {"was", sent}});
  co_return sent == *length;
}

Task<void> HttpSession::refuse(HttpResponse response) {
  if (co_await write_response(std::move(response), false, false); !cut_ && !timed_out_)
    co_await linger();
}

// Where the end of the stream is the end of the body, only a broken stream says that some is
// missing.
void HttpSession::reset() {
  boost::system::error_code ignored;
  stream_->socket().set_option(asio::socket_base::linger(true, 0), ignored);
}

Task<void> HttpSession::linger() {
  boost::system::error_code ignored;
  stream_->socket().shutdown(asio::socket_base::shutdown_send, ignored);
  allow(linger_time);
  std::size_t discarded = buffer_.size();
  while (discarded < linger_bytes_max) {
    buffer_.clear();
    if (!co_await read_more()) co_return;
    discarded += buffer_.size();
  }
}

}  // namespace earshot::net::detail
