#pragma once
// The inside of a WebSocket, shared by its owner and its pending operations: either may go first.
//
// One read is pending only while somebody is in receive(), one write only while something is
// queued; completions are plain callbacks, so that a message costs no coroutine frame beyond
// receive()'s own. Beast's per-operation timeouts are off: one Deadline serves handshake, pings and
// closing.

#include "net/detail/deadline.hpp"
#include "net/detail/stream.hpp"
#include "net/detail/waiter.hpp"
#include "net/websocket.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::net::detail {

class WebSocketCore : public std::enable_shared_from_this<WebSocketCore> {
 public:
  using ErrorCode = boost::system::error_code;
  using Beast = boost::beast::websocket::stream<Stream, false>;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::websocket::response_type;

  WebSocketCore(Stream stream, Executor& executor, Clock& clock, const WebSocketLimits& limits,
                std::string peer);

  // Handshakes; the caller then calls start(). `until` cuts the connection.
  Task<ErrorCode> accept(Request request, std::string subprotocol, SteadyTime until);
  Task<ErrorCode> shake_hands(std::string authority, std::string target, HttpHeaders headers,
                              Response& response, SteadyTime until);
  // TLS first, where the stream has it.
  Task<Result<void>> secure_as_client(std::string host, SteadyTime until);
  void start();

  static Task<std::optional<std::string_view>> receive(std::shared_ptr<WebSocketCore> core);
  static Task<void> close(std::shared_ptr<WebSocketCore> core, std::uint16_t code,
                          std::string reason);
  bool try_send(std::string message, bool first);
  std::size_t drop_queued();
  std::size_t queued_bytes() const { return queued_bytes_; }
  void abort(std::string_view why);

  bool last_was_binary() const { return last_was_binary_; }
  const WebSocketEnd& end() const { return end_; }
  const std::string& peer() const { return peer_; }

 private:
  void watch_control_frames();
  void arm_timer();
  void on_timer();
  void ping();
  void start_read();
  void on_read(ErrorCode error);
  void write_next();
  void on_written(ErrorCode error);
  void start_close();
  void finish(ErrorCode error);
  WebSocketEnd describe_end(ErrorCode error);

  Clock& clock_;
  const WebSocketLimits limits_;
  const std::string peer_;
  Beast beast_;
  std::unique_ptr<Deadline> timer_;

  // Reading.
  boost::beast::flat_buffer buffer_;
  bool reading_ = false;
  bool last_was_binary_ = false;
  Waiter reader_;

  // Writing. `current_` is with Beast while writing_.
  std::deque<std::string> queue_;
  std::string current_;
  std::size_t queued_bytes_ = 0;  // of queue_ and current_
  bool writing_ = false;

  // Pings.
  std::optional<SteadyTime> next_ping_;
  bool pinging_ = false;
  int missed_pongs_ = 0;

  // Ending.
  std::optional<SteadyTime> cut_at_;  // handshake or closing must be over by then
  bool closing_ = false;              // by us
  bool close_started_ = false;
  bool close_received_ = false;
  bool tearing_down_ = false;  // the WebSocket is over, its stream not yet
  bool ended_ = false;
  std::string abort_reason_;
  boost::beast::websocket::close_reason close_reason_;
  WebSocketEnd end_;
  std::vector<Waiter*> closers_;  // coroutines in close()
};

std::unique_ptr<WebSocket> make_websocket(std::shared_ptr<WebSocketCore> core);

}  // namespace earshot::net::detail
