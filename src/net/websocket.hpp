#pragma once
// A WebSocket (RFC 6455), server or client, over plain or TLS streams. One reader and one writer
// coroutine for its life, inside; cancelled only to end it. All members are called on the executor
// that the socket lives on.

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "net/http_message.hpp"
#include "net/network.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace earshot::net {

// Bounds, all named; crossing one closes the socket with the code of the RFC.
struct WebSocketLimits {
  std::size_t message_bytes_max = 1 << 20;     // 1009 when exceeded
  std::size_t send_queue_bytes_max = 4 << 20;  // try_send answers false
  Duration ping_every = 20s;                   // 0: never
  int missed_pongs_max = 2;
  Duration handshake_timeout = 30s;
  Duration close_timeout = 5s;
};

struct WebSocketEnd {
  // The close code received, or 1006 when the connection was lost without one.
  std::uint16_t code = 1006;
  std::string reason;
  bool by_peer = true;
};

class WebSocket {
 public:
  virtual ~WebSocket() = default;  // cuts the connection if it still stands

  // The next message: text and binary alike, fragments joined. The view is valid until the next
  // receive(). nullopt: the socket has ended; `end()` says how. One caller at a time. Never
  // cancelled with a timer (the message would be lost): wait for "message or time" on a Mailbox
  // that a reading task fills.
  virtual Task<std::optional<std::string_view>> receive() = 0;
  virtual bool last_was_binary() const = 0;

  // Queues one text message for the writer; whole messages leave in order. False: the queue is full
  // or the socket has ended; the message is dropped and the caller counts it.
  virtual bool try_send(std::string message) = 0;
  // In front of whatever is queued and not yet being written (StopAudio must not wait behind
  // audio).
  virtual bool try_send_first(std::string message) = 0;
  // Drops what is queued and not yet being written; gives the number of messages dropped.
  virtual std::size_t drop_queued() = 0;
  virtual std::size_t queued_bytes() const = 0;

  // Sends a close frame after what is queued, waits for the peer's at most close_timeout.
  // Afterwards receive() gives nullopt. Safe to call while another coroutine is in receive().
  virtual Task<void> close(std::uint16_t code, std::string reason) = 0;
  // Cuts at once, without a close frame.
  virtual void abort() = 0;
  virtual WebSocketEnd end() const = 0;
  virtual const std::string& peer() const = 0;
};

struct WebSocketClientOptions {
  Url url;
  HttpHeaders headers;  // besides the protocol's own
  WebSocketLimits limits;
  std::shared_ptr<TlsContext> tls;  // needed for wss
};

// A refused upgrade is `refused` (401, 403), `not_found` (404), `unavailable` (429, 5xx;
// retry_after_ms filled) with the HTTP status in Error::status and the first 512 bytes of the body
// in the message; no connection is `unavailable`.
struct Upgraded {
  std::unique_ptr<WebSocket> socket;
  HttpHeaders response_headers;
};
Task<Result<Upgraded>> connect_websocket(Network& network, Executor& executor, Clock& clock,
                                         WebSocketClientOptions options);

}  // namespace earshot::net
