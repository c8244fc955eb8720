#include "bridge/detail/remote_caller.hpp"

#include "base/mailbox.hpp"

#include <atomic>

namespace earshot::bridge {

namespace {

// A message that owns its text, to cross threads.
struct OwnedMessage {
  CallerMessage message;
  std::string base64;
};

struct Shared : std::enable_shared_from_this<Shared> {
  Shared(std::unique_ptr<CallerAudio> audio_in, Executor& where_in, Executor& home_in, Clock& clock,
         Counter& dropped_in)
      : audio(std::move(audio_in)),
        where(where_in),
        home(home_in),
        dropped(dropped_in),
        inbox(clock, handover_messages_max) {}

  std::unique_ptr<CallerAudio> audio;  // touched on `where`
  Executor& where;
  Executor& home;
  Counter& dropped;
  Mailbox<OwnedMessage> inbox;  // touched on `home`, like what follows
  std::string end_reason;
  std::atomic<std::size_t> posts{0};
  std::atomic<std::size_t> deliveries{0};  // on their way to `home`

  // What a thread that is held up does not take waits in its run queue: bounded as well.
  void deliver(OwnedMessage message) {
    if (deliveries >= handover_messages_max) return dropped.add();
    ++deliveries;
    home.post([self = shared_from_this(), message = std::move(message)]() mutable {
      --self->deliveries;
      if (!self->inbox.try_push(std::move(message))) self->dropped.add();
    });
  }
  void ended(std::string reason) {
    home.post([self = shared_from_this(), reason = std::move(reason)]() mutable {
      self->end_reason = std::move(reason);
      self->inbox.close();
    });
  }
};

// Runs on the socket's thread until it ends.
Task<void> pump(std::shared_ptr<Shared> shared) {
  for (;;) {
    auto message = co_await shared->audio->next();
    if (!message) break;
    OwnedMessage owned{.message = *message, .base64 = {}};
    if (auto* frame = std::get_if<CallerFrame>(&owned.message)) {
      owned.base64 = std::string(frame->base64);
      frame->base64 = {};
    }
    shared->deliver(std::move(owned));
  }
  shared->ended(shared->audio->end_reason());
}

Task<void> close_there(std::shared_ptr<Shared> shared) { co_await shared->audio->close(); }

class RemoteCaller : public CallerAudio {
 public:
  RemoteCaller(std::shared_ptr<Shared> shared, AudioFormat format, std::size_t frame_bytes)
      : shared_(std::move(shared)), format_(format), frame_bytes_(frame_bytes) {}

  // The socket dies on its own thread.
  ~RemoteCaller() override {
    shared_->where.post([shared = shared_] { shared->audio->abort(); });
  }

  AudioFormat format() const override { return format_; }
  std::size_t frame_bytes() const override { return frame_bytes_; }

  Task<std::optional<CallerMessage>> next() override {
    auto message = co_await shared_->inbox.next();
    if (!message) co_return std::nullopt;
    current_ = std::move(*message);
    if (auto* frame = std::get_if<CallerFrame>(&current_.message)) frame->base64 = current_.base64;
    co_return current_.message;
  }

  bool send_audio(std::string_view base64) override {
    return post(
        [text = std::string(base64)](CallerAudio& audio) { return audio.send_audio(text); });
  }
  bool send_stop_audio() override {
    return post([](CallerAudio& audio) { return audio.send_stop_audio(); });
  }

  Task<void> close() override {
    // Waits for nothing: the reader sees the end when it comes.
    shared_->where.post([shared = shared_] {
      shared->where.spawn(close_there(shared), [shared](std::exception_ptr) {});
    });
    co_return;
  }
  void abort() override {
    shared_->where.post([shared = shared_] { shared->audio->abort(); });
  }
  std::string end_reason() const override { return shared_->end_reason; }

 private:
  template <class Send>
  bool post(Send send) {
    if (shared_->inbox.closed() || shared_->posts >= handover_posts_max) {
      shared_->dropped.add();
      return false;
    }
    ++shared_->posts;
    shared_->where.post([shared = shared_, send = std::move(send)] {
      --shared->posts;
      send(*shared->audio);
    });
    return true;
  }

  std::shared_ptr<Shared> shared_;
  AudioFormat format_;
  std::size_t frame_bytes_;
  OwnedMessage current_;
};

}  // namespace

std::unique_ptr<CallerAudio> make_remote_caller(std::unique_ptr<CallerAudio> audio, Executor& where,
                                                Executor& home, Clock& clock, Counter& dropped) {
  const AudioFormat format = audio->format();
  const std::size_t frame_bytes = audio->frame_bytes();
  auto shared = std::make_shared<Shared>(std::move(audio), where, home, clock, dropped);
  where.post([shared] {
    shared->where.spawn(pump(shared), [shared](std::exception_ptr failure) {
      if (failure) shared->ended("the socket's reader failed");
    });
  });
  return std::make_unique<RemoteCaller>(std::move(shared), format, frame_bytes);
}

}  // namespace earshot::bridge
