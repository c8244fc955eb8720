#include "acs/media_socket.hpp"

#include "acs/media_messages.hpp"
#include "net/socket_watch.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace earshot::acs {

namespace {

constexpr std::int64_t frame_bytes_max = 64 << 10;

bool is_pcm(std::string_view encoding) {
  return encoding.size() == 3 && std::toupper(static_cast<unsigned char>(encoding[0])) == 'P' &&
         std::toupper(static_cast<unsigned char>(encoding[1])) == 'C' &&
         std::toupper(static_cast<unsigned char>(encoding[2])) == 'M';
}

struct Stream {
  AudioFormat format;
  std::size_t frame_bytes = 0;
};

Result<Stream> to_stream(const MediaMetadata& metadata) {
  if (!is_pcm(metadata.encoding)) return fail(ErrorKind::invalid, "the encoding is not PCM");
  const auto rate = metadata.sample_rate_hz;
  if (rate != 16000 && rate != 24000)
    return fail(ErrorKind::invalid, fmt::format("{} Hz is not a rate that ACS offers", rate));
  if (metadata.channels != 1)
    return fail(ErrorKind::invalid, fmt::format("{} channels, not one", metadata.channels));
  const auto usual = rate / 50 * 2;  // 20 ms
  const auto bytes = metadata.frame_bytes == 0 ? usual : metadata.frame_bytes;
  if (bytes < 2 || bytes > frame_bytes_max || bytes % 2 != 0)
    return fail(ErrorKind::invalid, fmt::format("frames of {} bytes", bytes));
  return Stream{.format = {.sample_rate_hz = static_cast<std::uint32_t>(rate), .channels = 1},
                .frame_bytes = static_cast<std::size_t>(bytes)};
}

class MediaSocket : public CallerAudio {
 public:
  MediaSocket(std::unique_ptr<net::WebSocket> socket, Stream stream, MediaSocketCounters& counters)
      : socket_(std::move(socket)), stream_(stream), counters_(counters) {}

  AudioFormat format() const override { return stream_.format; }
  std::size_t frame_bytes() const override { return stream_.frame_bytes; }

  Task<std::optional<CallerMessage>> next() override {
    for (;;) {
      const auto text = co_await socket_->receive();
      if (!text) co_return std::nullopt;
      auto message = to_caller_message(decoder_.decode(*text));
      if (message) co_return message;
    }
  }

  bool send_audio(std::string_view base64) override {
    if (socket_->try_send(encode_audio(base64))) return true;
    counters_.dropped.add();
    return false;
  }

  bool send_stop_audio() override {
    // First what is queued goes, then the stop in front of whatever is added meanwhile.
    socket_->drop_queued();
    return socket_->try_send_first(encode_stop_audio());
  }

  Task<void> close() override { co_await socket_->close(1000, ""); }
  void abort() override { socket_->abort(); }

  std::string end_reason() const override {
    const auto end = socket_->end();
    return fmt::format("closed by {} with {}{}{}", end.by_peer ? "ACS" : "us", end.code,
                       end.reason.empty() ? "" : ": ", end.reason);
  }

 private:
  // nullopt: nothing for the bridge.
  std::optional<CallerMessage> to_caller_message(MediaMessage message) {
    if (const auto* audio = std::get_if<MediaAudio>(&message)) {
      counters_.frames.add();
      return CallerFrame{
          .base64 = audio->base64, .timestamp = audio->timestamp, .silent = audio->silent};
    }
    if (auto* dtmf = std::get_if<MediaDtmf>(&message)) return CallerDtmf{std::move(dtmf->tone)};
    if (auto* nonsense = std::get_if<MediaNonsense>(&message)) {
      counters_.nonsense.add();
      return CallerNonsense{std::move(nonsense->what)};
    }
    if (const auto* metadata = std::get_if<MediaMetadata>(&message)) {
      const auto stream = to_stream(*metadata);
      if (!stream || stream->format != stream_.format) {
        counters_.nonsense.add();
        return CallerNonsense{"AudioMetadata of another format within a stream"};
      }
    }
    counters_.ignored.add();
    return std::nullopt;
  }

  std::unique_ptr<net::WebSocket> socket_;
  Stream stream_;
  MediaSocketCounters& counters_;
  MediaDecoder decoder_;
};

}  // namespace

MediaSocketCounters::MediaSocketCounters(Counters& counters)
    : frames(counters.counter("earshot_acs_media_frames_total", "audio messages from ACS")),
      nonsense(counters.counter("earshot_acs_media_nonsense_total",
                                "media messages that could not be read")),
      ignored(counters.counter("earshot_acs_media_ignored_total",
                               "media messages of no meaning to us")),
      dropped(counters.counter("earshot_acs_media_audio_dropped_total",
                               "audio messages to ACS dropped, queue full or socket ended")),
      rejected(counters.counter("earshot_acs_media_sockets_rejected_total",
                                "media sockets closed before their first audio")) {}

Task<Result<std::unique_ptr<CallerAudio>>> open_media_socket(std::unique_ptr<net::WebSocket> socket,
                                                             Clock& clock, TaskGroup& watchers,
                                                             MediaSocketCounters& counters,
                                                             MediaSocketOptions options) {
  const net::SocketWatch watch(*socket, clock, watchers,
                               clock.steady_now() + options.metadata_wait_max);

  MediaDecoder decoder;
  for (int seen = 0; seen <= options.messages_before_metadata_max; ++seen) {
    const auto text = co_await socket->receive();
    if (!text) {
      counters.rejected.add();
      co_return fail(ErrorKind::unavailable, "the media socket ended before AudioMetadata");
    }
    const auto message = decoder.decode(*text);
    const auto* metadata = std::get_if<MediaMetadata>(&message);
    if (!metadata) {
      counters.ignored.add();
      continue;
    }
    auto stream = to_stream(*metadata);
    if (!stream) {
      counters.rejected.add();
      co_await socket->close(1003, "unsupported audio");
      co_return fail("AudioMetadata", stream.error());
    }
    std::unique_ptr<CallerAudio> audio =
        std::make_unique<MediaSocket>(std::move(socket), *stream, counters);
    co_return audio;
  }
  counters.rejected.add();
  co_await socket->close(1002, "AudioMetadata must come first");
  co_return fail(ErrorKind::invalid, "other messages instead of AudioMetadata");
}

}  // namespace earshot::acs
