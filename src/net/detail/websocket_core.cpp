#include "net/detail/websocket_core.hpp"

#include <array>
#include <openssl/rand.h>

namespace earshot::net::detail {

namespace asio = boost::asio;

namespace {

// What waits leaves in pieces of about this. One message more may be in it.
constexpr std::size_t batch_bytes_max = 16 << 10;
// A socket gives back what a large batch made it take.
constexpr std::size_t batch_bytes_kept_max = 4 << 10;
constexpr std::size_t discarded_at_once = 4096;

// RFC 6455, section 10.3: nobody may foresee it. Drawn a thousand at a time.
rfc6455::MaskKey next_mask_key() {
  thread_local std::array<std::uint8_t, 4096> drawn;
  thread_local std::size_t used = drawn.size();
  rfc6455::MaskKey key{};
  if (used == drawn.size()) {
    if (::RAND_bytes(drawn.data(), static_cast<int>(drawn.size())) != 1)
      throw boost::system::system_error(asio::error::no_recovery, "random bytes");
    used = 0;
  }
  std::copy_n(drawn.begin() + static_cast<std::ptrdiff_t>(used), key.size(), key.begin());
  used += key.size();
  return key;
}

std::string_view describe_fault(std::uint16_t code) {
  if (code == rfc6455::close_code::too_big) return "the message is too long";
  if (code == rfc6455::close_code::bad_payload) return "text that is no UTF-8";
  return "the peer broke the protocol";
}

}  // namespace

WebSocketCore::WebSocketCore(Role role, Stream stream, Executor& executor, Clock& clock,
                             const WebSocketLimits& limits, std::string peer)
    : role_(role),
      clock_(clock),
      limits_(limits),
      peer_(std::move(peer)),
      stream_(std::move(stream)),
      timer_(std::make_unique<Deadline>(executor, clock, [this] { on_timer(); })),
      frames_(std::make_unique<rfc6455::FrameReader>(role == Role::server,
                                                     limits_.message_bytes_max)) {}

void WebSocketCore::start() {
  cut_at_.reset();
  if (limits_.ping_every > Duration(0)) next_ping_ = clock_.steady_now() + limits_.ping_every;
  arm_timer();
}

// ---- time

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
    // How the socket ended may be known, and only its stream be in the way.
    if (close_received_ || fault_code_ != 0) return finish({});
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
  ping_wanted_ = true;
  write_next();
}

// ---- reading

Task<std::optional<std::string_view>> WebSocketCore::receive(std::shared_ptr<WebSocketCore> core) {
  if (core->ended_) co_return std::nullopt;
  core->receiving_ = true;
  core->message_is_out_ = false;
  if (!core->pump()) co_await core->reader_.wait();
  core->receiving_ = false;
  if (core->ended_) co_return std::nullopt;
  core->message_is_out_ = true;
  co_return core->message_;
}

// Takes frames until there is a message for somebody who waits, or reads more. True: message_ is
// there. What comes while nobody waits (a close is awaited then) is thrown away.
bool WebSocketCore::pump() {
  while (!is_reading_over()) {
    using Kind = rfc6455::Frame::Kind;
    const rfc6455::Frame frame = frames_->next();
    if (frame.kind != Kind::incomplete) missed_pongs_ = 0;
    switch (frame.kind) {
      case Kind::incomplete:
        start_read();
        return false;
      case Kind::message:
        if (!receiving_) break;
        message_ = frame.data;
        last_was_binary_ = frame.is_binary;
        return true;
      case Kind::ping:
        pong_ = std::string(frame.data);
        write_next();
        break;
      case Kind::pong:
        break;
      case Kind::close:
        on_close_frame(frame);
        break;
      case Kind::fault:
        on_fault(frame.code);
        break;
    }
  }
  return false;
}

// We have said goodbye: whatever comes before the peer's is read, though nobody waits for it.
void WebSocketCore::drain() {
  if (receiving_) return;
  if (std::exchange(message_is_out_, false)) {
    kept_ = std::move(frames_);
    frames_ = std::make_unique<rfc6455::FrameReader>(kept_->rest());
  }
  pump();
}

void WebSocketCore::start_read() {
  if (reading_) return;
  reading_ = true;
  const auto room = frames_->room();
  stream_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            self->on_read(error, bytes);
                          });
}

void WebSocketCore::on_read(ErrorCode error, std::size_t bytes) {
  reading_ = false;
  if (ended_) return;
  if (error) return finish(error);
  frames_->received(bytes);
  if (receiving_) {
    if (pump()) reader_.wake_here();
  }
  if (close_started_ && !reading_ && !is_reading_over()) drain();
}

void WebSocketCore::on_close_frame(const rfc6455::Frame& frame) {
  close_received_ = true;
  close_code_ = frame.code;
  close_reason_ = frame.data;
  if (!close_started_) {
    drop_queued();
    begin_close(rfc6455::close_payload(close_code_, close_reason_));
  } else if (!writing_) {
    start_teardown();
  }
}

void WebSocketCore::on_fault(std::uint16_t code) {
  fault_code_ = code;
  drop_queued();
  if (close_started_ && !writing_) return start_teardown();
  begin_close(rfc6455::close_payload(code, {}));
}

// ---- writing

bool WebSocketCore::try_send(std::string message, bool first) {
  if (ended_ || close_wanted_ || write_failed_) return false;
  if (queued_bytes_ + message.size() > limits_.send_queue_bytes_max) return false;
  queued_bytes_ += message.size();
  if (first)
    queue_.push_front(std::move(message));
  else
    queue_.push_back(std::move(message));
  write_next();
  return true;
}

std::optional<rfc6455::MaskKey> WebSocketCore::mask() const {
  if (role_ == Role::server) return std::nullopt;
  return next_mask_key();
}

void WebSocketCore::write_next() {
  if (writing_ || ended_ || close_started_ || write_failed_) return;
  fill_batch();
  if (batch_.empty()) return;
  writing_ = true;
  write_some();
}

void WebSocketCore::fill_batch() {
  batch_.clear();
  batch_written_ = 0;
  if (const auto pong = std::exchange(pong_, std::nullopt))
    rfc6455::append_frame(rfc6455::Opcode::pong, *pong, mask(), batch_);
  if (std::exchange(ping_wanted_, false))
    rfc6455::append_frame(rfc6455::Opcode::ping, {}, mask(), batch_);
  while (!queue_.empty() && batch_.size() < batch_bytes_max) {
    rfc6455::append_frame(rfc6455::Opcode::text, queue_.front(), mask(), batch_);
    batch_bytes_ += queue_.front().size();
    queue_.pop_front();
  }
  if (queue_.empty() && close_wanted_) {
    rfc6455::append_frame(rfc6455::Opcode::close, *close_wanted_, mask(), batch_);
    close_started_ = true;
  }
}

void WebSocketCore::write_some() {
  stream_.async_write_some(asio::buffer(batch_) + batch_written_,
                           [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                             self->on_written(error, bytes);
                           });
}

void WebSocketCore::on_written(ErrorCode error, std::size_t bytes) {
  batch_written_ += bytes;
  if (!error && !ended_ && batch_written_ < batch_.size()) return write_some();
  writing_ = false;
  queued_bytes_ -= std::exchange(batch_bytes_, 0);
  if (ended_) return;
  if (batch_.capacity() > batch_bytes_kept_max) batch_ = {};
  if (error) {
    write_failed_ = true;
    // The reader learns the reason of the end, which the writer does not know: it is given a little
    // time for it.
    if (!reading_) return finish(error);
    return bound_the_end();
  }
  if (!close_started_) return write_next();
  if (close_received_ || fault_code_ != 0) return start_teardown();
  drain();
}

std::size_t WebSocketCore::drop_queued() {
  const std::size_t dropped = queue_.size();
  for (const auto& message : queue_) queued_bytes_ -= message.size();
  queue_.clear();
  return dropped;
}

// ---- ending

Task<void> WebSocketCore::close(std::shared_ptr<WebSocketCore> core, std::uint16_t code,
                                std::string reason) {
  if (core->ended_) co_return;
  if (!core->closing_) {
    core->closing_ = true;
    if (!core->close_wanted_) core->begin_close(rfc6455::close_payload(code, reason));
  }
  if (core->ended_) co_return;
  Waiter ended;
  core->closers_.push_back(&ended);
  co_await ended.wait();
}

// The close frame leaves after what is queued. Nothing follows it.
void WebSocketCore::begin_close(std::string payload) {
  if (close_started_) return;
  close_wanted_ = std::move(payload);
  bound_the_end();
  write_next();
}

void WebSocketCore::bound_the_end() {
  if (!cut_at_) cut_at_ = clock_.steady_now() + limits_.close_timeout;
  arm_timer();
}

// Both have said goodbye: ends the stream, then throws away what still comes until the peer has
// ended it too. The server closes first, so that the many waiting states of closed connections are
// not all on its side.
void WebSocketCore::start_teardown() {
  if (std::exchange(tearing_down_, true)) return;
  next_ping_.reset();
  bound_the_end();
  if (auto* tls = stream_.tls()) {
    tls->async_shutdown([self = shared_from_this()](ErrorCode) {
      if (!self->ended_) self->drain_stream();
    });
    return;
  }
  drain_stream();
}

void WebSocketCore::drain_stream() {
  ErrorCode ignored;
  if (role_ == Role::server) stream_.socket().shutdown(asio::socket_base::shutdown_send, ignored);
  const auto bytes = std::make_shared<std::array<char, discarded_at_once>>();
  stream_.socket().async_read_some(
      asio::buffer(*bytes), [self = shared_from_this(), bytes](ErrorCode error, std::size_t) {
        if (self->ended_) return;
        if (error) return self->finish({});
        self->drain_stream();
      });
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
  stream_.close();
  for (Waiter* closer : std::exchange(closers_, {})) closer->wake();
  reader_.wake();
}

WebSocketEnd WebSocketCore::describe_end(ErrorCode error) const {
  WebSocketEnd end;
  end.by_peer = !closing_ && abort_reason_.empty();
  if (close_received_) {
    end.code = close_code_;
    end.reason = close_reason_;
  } else if (fault_code_ != 0) {
    end.code = fault_code_;
    end.by_peer = false;
    end.reason = describe_fault(fault_code_);
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
