#pragma once
// The inside of a WebSocket, shared by its owner and its pending operations: either may go first.
//
// One read is pending only while somebody is in receive() or a close is awaited, one write only
// while something is queued. What queues up meanwhile leaves in one piece. Completions are plain
// callbacks, so that a message costs no coroutine frame beyond receive()'s own. One Deadline serves
// handshake, pings and closing.

#include "net/detail/deadline.hpp"
#include "net/detail/stream.hpp"
#include "net/detail/waiter.hpp"
#include "net/websocket.hpp"
#include "net/websocket_frames.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::net::detail {

class WebSocketCore : public std::enable_shared_from_this<WebSocketCore> {
 public:
  using ErrorCode = boost::system::error_code;
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  enum class Role { server, client };

  WebSocketCore(Role role, Stream stream, Executor& executor, Clock& clock,
                const WebSocketLimits& limits, std::string peer);

  // Handshakes; the caller then calls start(). `until` cuts the connection.
  Task<ErrorCode> accept(Request request, std::string subprotocol, SteadyTime until);
  // error::upgrade_declined of Beast's when the server answered something else than 101.
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
  void arm_timer();
  void on_timer();
  void ping();

  Task<ErrorCode> write_text(std::string text);
  Task<ErrorCode> read_response(Response& response, std::string accept_key);

  // Reading
  bool pump();
  void drain();
  void start_read();
  void on_read(ErrorCode error, std::size_t bytes);
  void on_close_frame(const rfc6455::Frame& frame);
  void on_fault(std::uint16_t code);
  bool is_reading_over() const { return ended_ || close_received_ || fault_code_ != 0; }

  // Writing
  void write_next();
  void fill_batch();
  void write_some();
  void on_written(ErrorCode error, std::size_t bytes);
  std::optional<rfc6455::MaskKey> mask() const;

  // Ending
  void begin_close(std::string payload);
  void bound_the_end();
  void start_teardown();
  void drain_stream();
  void finish(ErrorCode error);
  WebSocketEnd describe_end(ErrorCode error) const;

  const Role role_;
  Clock& clock_;
  const WebSocketLimits limits_;
  const std::string peer_;
  Stream stream_;
  std::unique_ptr<Deadline> timer_;

  // Reading.
  std::unique_ptr<rfc6455::FrameReader> frames_;
  std::unique_ptr<rfc6455::FrameReader> kept_;  // holds the last message while a close is awaited
  std::string_view message_;                    // what receive() is to give
  bool message_is_out_ = false;                 // the reader may still look at it
  bool reading_ = false;
  bool receiving_ = false;
  bool last_was_binary_ = false;
  Waiter reader_;

  // Writing. `batch_` is on its way while writing_.
  std::deque<std::string> queue_;
  std::string batch_;
  std::size_t batch_written_ = 0;
  std::size_t batch_bytes_ = 0;   // of messages
  std::size_t queued_bytes_ = 0;  // of queue_ and batch_
  bool writing_ = false;
  bool write_failed_ = false;
  std::optional<std::string> pong_;  // the newest suffices (RFC 6455, section 5.5.3)
  bool ping_wanted_ = false;

  // Pings.
  std::optional<SteadyTime> next_ping_;
  int missed_pongs_ = 0;

  // Ending.
  std::optional<SteadyTime> cut_at_;         // handshake or closing must be over by then
  bool closing_ = false;                     // by us
  std::optional<std::string> close_wanted_;  // payload of the close frame that is to leave
  bool close_started_ = false;               // it is in a batch, or was
  bool close_received_ = false;
  std::uint16_t close_code_ = 0;  // received
  std::string close_reason_;
  std::uint16_t fault_code_ = 0;  // of the peer's
  bool tearing_down_ = false;     // the WebSocket is over, its stream not yet
  bool ended_ = false;
  std::string abort_reason_;
  WebSocketEnd end_;
  std::vector<Waiter*> closers_;  // coroutines in close()
};

std::unique_ptr<WebSocket> make_websocket(std::shared_ptr<WebSocketCore> core);

}  // namespace earshot::net::detail
