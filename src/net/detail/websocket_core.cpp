#include "net/detail/websocket_core.hpp"

#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace earshot::net::detail {

namespace asio = boost::asio;
namespace ws = boost::beast::websocket;

namespace {

// A quiet socket gives back what one large message made it take.
constexpr std::size_t read_buffer_kept_max = 64 << 10;
// RFC 6455, section 5.5: a control frame holds 125 bytes, two of them the code.
constexpr std::size_t close_reason_bytes_max = 123;

// The close code that Beast sent when it ended the connection for a fault of the peer's; 0 for
// every other error.
std::uint16_t code_for_fault(const boost::system::error_code& error) {
  if (error == ws::error::message_too_big || error == ws::error::buffer_overflow)
    return ws::close_code::too_big;
  if (error == ws::error::bad_frame_payload) return ws::close_code::bad_payload;
  if (error == ws::condition::protocol_violation) return ws::close_code::protocol_error;
  return 0;
}

std::string cut_to_characters(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  text.resize(bytes_max);
  return text;
}

}  // namespace

WebSocketCore::WebSocketCore(Stream stream, Executor& executor, Clock& clock,
                             const WebSocketLimits& limits, std::string peer)
    : clock_(clock), limits_(limits), peer_(std::move(peer)), beast_(std::move(stream)) {
  beast_.set_option(ws::stream_base::timeout{.handshake_timeout = ws::stream_base::none(),
                                             .idle_timeout = ws::stream_base::none(),
                                             .keep_alive_pings = false});
  beast_.read_message_max(limits_.message_bytes_max);
  beast_.auto_fragment(false);
  beast_.text(true);
  timer_ = std::make_unique<Deadline>(executor, clock, [this] { on_timer(); });
}

void WebSocketCore::watch_control_frames() {
  beast_.control_callback([this](ws::frame_type kind, boost::beast::string_view) {
    missed_pongs_ = 0;
    if (kind != ws::frame_type::close) return;
    close_received_ = true;
  });
  // Beast waits for the peer to end the stream, which a hostile or dead one need not do.
  beast_.next_layer().on_teardown = [this] {
    tearing_down_ = true;
    next_ping_.reset();
    if (!cut_at_) cut_at_ = clock_.steady_now() + limits_.close_timeout;
    arm_timer();
  };
}

void WebSocketCore::start() {
  cut_at_.reset();
  watch_control_frames();
  if (limits_.ping_every > Duration(0)) next_ping_ = clock_.steady_now() + limits_.ping_every;
  arm_timer();
}

void WebSocketCore::arm_timer() {
  if (ended_) return;
  auto next = next_ping_;
  if (cut_at_ && (!next || *cut_at_ < *next)) next = cut_at_;
  if (next)
    timer_->set(*next);
  else
    timer_->clear();
}

void WebSocketCore::on_timer() {
  // The owner may let go while this runs.
  const auto self = shared_from_this();
  const SteadyTime now = clock_.steady_now();
  if (cut_at_ && *cut_at_ <= now) {
    // In a teardown the pending operation knows how the socket ended, and says so once the stream
    // is gone.
    if (tearing_down_) return beast_.next_layer().close();
    return abort("timed out");
  }
  if (next_ping_ && *next_ping_ <= now) {
    next_ping_ = now + limits_.ping_every;
    ping();
  }
  arm_timer();
}

void WebSocketCore::ping() {
  // Nobody reads, so no pong can be seen: slowness of ours is no fault of the peer's.
  if (!reading_) missed_pongs_ = 0;
  if (missed_pongs_ >= limits_.missed_pongs_max) return abort("the peer answers no ping");
  ++missed_pongs_;
  if (pinging_ || close_started_ || close_received_) return;
  pinging_ = true;
  beast_.async_ping({}, [self = shared_from_this()](ErrorCode) { self->pinging_ = false; });
}

Task<std::optional<std::string_view>> WebSocketCore::receive(std::shared_ptr<WebSocketCore> core) {
  if (core->ended_) co_return std::nullopt;
  core->start_read();
  co_await core->reader_.wait();
  if (core->ended_) co_return std::nullopt;
  const auto data = core->buffer_.cdata();
  co_return std::string_view(static_cast<const char*>(data.data()), data.size());
}

void WebSocketCore::start_read() {
  buffer_.consume(buffer_.size());
  if (buffer_.capacity() > read_buffer_kept_max) buffer_.shrink_to_fit();
  reading_ = true;
  beast_.async_read(
      buffer_, [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_read(error); });
}

void WebSocketCore::on_read(ErrorCode error) {
  reading_ = false;
  if (error) {
    finish(error);
  } else {
    missed_pongs_ = 0;
    last_was_binary_ = beast_.got_binary();
  }
  reader_.wake_here();
}

bool WebSocketCore::try_send(std::string message, bool first) {
  if (ended_ || closing_ || close_received_) return false;
  if (queued_bytes_ + message.size() > limits_.send_queue_bytes_max) return false;
  queued_bytes_ += message.size();
  if (first)
    queue_.push_front(std::move(message));
  else
    queue_.push_back(std::move(message));
  write_next();
  return true;
}

void WebSocketCore::write_next() {
  if (writing_ || ended_) return;
  if (queue_.empty()) {
    if (closing_) start_close();
    return;
  }
  writing_ = true;
  current_ = std::move(queue_.front());
  queue_.pop_front();
  beast_.async_write(
      asio::buffer(current_),
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_written(error); });
}

void WebSocketCore::on_written(ErrorCode error) {
  writing_ = false;
  queued_bytes_ -= current_.size();
  if (!error) return write_next();
  if (!reading_) return finish(error);
  // The reader learns the reason of the end, which the writer does not know: it is given a little
  // time for it.
  if (!ended_ && !cut_at_) {
    cut_at_ = clock_.steady_now() + limits_.close_timeout;
    arm_timer();
  }
}

std::size_t WebSocketCore::drop_queued() {
  const std::size_t dropped = queue_.size();
  for (const auto& message : queue_) queued_bytes_ -= message.size();
  queue_.clear();
  return dropped;
}

Task<void> WebSocketCore::close(std::shared_ptr<WebSocketCore> core, std::uint16_t code,
                                std::string reason) {
  if (core->ended_) co_return;
  if (!core->closing_) {
    core->closing_ = true;
    core->close_reason_.code = static_cast<ws::close_code>(code);
    core->close_reason_.reason = cut_to_characters(std::move(reason), close_reason_bytes_max);
    core->cut_at_ = core->clock_.steady_now() + core->limits_.close_timeout;
    core->arm_timer();
    core->write_next();
  }
  if (core->ended_) co_return;
  Waiter ended;
  core->closers_.push_back(&ended);
  co_await ended.wait();
}

void WebSocketCore::start_close() {
  if (close_started_ || close_received_) return;
  close_started_ = true;
  beast_.async_close(close_reason_,
                     [self = shared_from_this()](ErrorCode error) { self->finish(error); });
}

void WebSocketCore::abort(std::string_view why) {
  if (ended_) return;
  abort_reason_ = why;
  finish(asio::error::operation_aborted);
}

void WebSocketCore::finish(ErrorCode error) {
  if (ended_) return;
  end_ = describe_end(error);
  ended_ = true;
  drop_queued();
  timer_.reset();
  beast_.next_layer().close();
  for (Waiter* closer : std::exchange(closers_, {})) closer->wake();
  // A reader that is waiting hears of it from its own operation, which the closed socket ends.
}

WebSocketEnd WebSocketCore::describe_end(ErrorCode error) {
  WebSocketEnd end;
  end.by_peer = !closing_ && abort_reason_.empty();
  const auto& reason = beast_.reason();
  // Without an error Beast's close has had its answer. (An empty answer leaves no other trace.)
  if (close_received_ || !error || error == ws::error::closed ||
      reason.code != ws::close_code::none) {
    end.code = reason.code == ws::close_code::none ? std::uint16_t{1005} : reason.code;
    end.reason.assign(reason.reason.data(), reason.reason.size());
  } else if (const auto fault = code_for_fault(error); fault != 0) {
    end.code = fault;
    end.by_peer = false;
    end.reason = error.message();
  } else {
    end.reason = abort_reason_.empty() ? error.message() : abort_reason_;
  }
  return end;
}

namespace {

class CoreWebSocket : public WebSocket {
 public:
  explicit CoreWebSocket(std::shared_ptr<WebSocketCore> core) : core_(std::move(core)) {}
  ~CoreWebSocket() override { core_->abort("let go"); }

  Task<std::optional<std::string_view>> receive() override { return WebSocketCore::receive(core_); }
  bool last_was_binary() const override { return core_->last_was_binary(); }
  bool try_send(std::string message) override { return core_->try_send(std::move(message), false); }
  bool try_send_first(std::string message) override {
    return core_->try_send(std::move(message), true);
  }
  std::size_t drop_queued() override { return core_->drop_queued(); }
  std::size_t queued_bytes() const override { return core_->queued_bytes(); }
  Task<void> close(std::uint16_t code, std::string reason) override {
    return WebSocketCore::close(core_, code, std::move(reason));
  }
  void abort() override { core_->abort("aborted"); }
  WebSocketEnd end() const override { return core_->end(); }
  const std::string& peer() const override { return core_->peer(); }

 private:
  std::shared_ptr<WebSocketCore> core_;
};

}  // namespace

std::unique_ptr<WebSocket> make_websocket(std::shared_ptr<WebSocketCore> core) {
  return std::make_unique<CoreWebSocket>(std::move(core));
}

}  // namespace earshot::net::detail
