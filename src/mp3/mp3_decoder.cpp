#include "mp3/mp3_decoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <limits>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
}

namespace earshot::mp3 {
namespace {

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
using Context = std::unique_ptr<AVCodecContext, FreeContext>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;

// No MP3 frame is larger; the decoder is not asked about what is.
constexpr std::size_t frame_bytes_max = 4'096;

std::uint16_t to_sample(float value) {
  constexpr float least = std::numeric_limits<std::int16_t>::min();
  constexpr float most = std::numeric_limits<std::int16_t>::max();
  // Not a number becomes silence.
  const float scaled = std::isnan(value) ? 0.0F : std::clamp(value * 32768.0F, least, most);
  return static_cast<std::uint16_t>(static_cast<std::int16_t>(std::lrintf(scaled)));
}

class Mp3Decoder : public FrameDecoder {
 public:
  Mp3Decoder(Context context, Packet packet, Frame frame, AudioFormat format,
             std::uint32_t frame_samples)
      : context_(std::move(context)),
        packet_(std::move(packet)),
        frame_(std::move(frame)),
        format_(format),
        frame_samples_(frame_samples) {}

  Result<void> decode(ByteView frame, Bytes& samples) override {
    if (frame.empty() || frame.size() > frame_bytes_max)
      return fail(ErrorKind::corrupt, fmt::format("no MP3 frame has {} bytes", frame.size()));
    // With the zeros behind it that the decoder may read.
    if (av_new_packet(packet_.get(), static_cast<int>(frame.size())) < 0)
      return fail(ErrorKind::unavailable, "no memory for an MP3 frame");
    std::memcpy(packet_->data, frame.data(), frame.size());
    const int sent = avcodec_send_packet(context_.get(), packet_.get());
    av_packet_unref(packet_.get());
    const int received = sent < 0 ? sent : avcodec_receive_frame(context_.get(), frame_.get());
    if (received < 0) return fail(ErrorKind::corrupt, "the MP3 decoder refuses a frame");
    auto taken = take(samples);
    av_frame_unref(frame_.get());
    return taken;
  }

  void reset() override { avcodec_flush_buffers(context_.get()); }

 private:
  Result<void> take(Bytes& samples) const {
    const auto channels = static_cast<std::uint32_t>(frame_->ch_layout.nb_channels);
    if (frame_->format != AV_SAMPLE_FMT_FLTP || channels != format_.channels ||
        static_cast<std::uint32_t>(frame_->sample_rate) != format_.sample_rate_hz ||
        static_cast<std::uint32_t>(frame_->nb_samples) != frame_samples_)
      return fail(ErrorKind::corrupt,
                  fmt::format("an MP3 frame holds {} samples at {} Hz x {} where {} at {} Hz x {} "
                              "were promised",
                              frame_->nb_samples, frame_->sample_rate, channels, frame_samples_,
                              format_.sample_rate_hz, format_.channels));
    samples.reserve(samples.size() + std::size_t{frame_samples_} * channels * 2);
    for (std::uint32_t i = 0; i < frame_samples_; ++i)
      for (std::uint32_t channel = 0; channel < channels; ++channel) {
        float value = 0;
        std::memcpy(&value, frame_->extended_data[channel] + i * sizeof(float), sizeof(float));
        const auto sample = to_sample(value);
        samples.push_back(static_cast<std::uint8_t>(sample));
        samples.push_back(static_cast<std::uint8_t>(sample >> 8));
      }
    return ok();
  }

  Context context_;
  Packet packet_;
  Frame frame_;
  AudioFormat format_;
  std::uint32_t frame_samples_;
};

}  // namespace

Mp3Decoders::Mp3Decoders() { av_log_set_level(AV_LOG_QUIET); }

Result<std::unique_ptr<FrameDecoder>> Mp3Decoders::open_mp3(AudioFormat format,
                                                            std::uint32_t frame_samples) {
  const AVCodec* codec = avcodec_find_decoder_by_name("mp3float");
  if (codec == nullptr)
    return fail(ErrorKind::unavailable, "FFmpeg was built without its MP3 decoder");
  Context context(avcodec_alloc_context3(codec));
  Packet packet(av_packet_alloc());
  Frame frame(av_frame_alloc());
  if (!context || !packet || !frame)
    return fail(ErrorKind::unavailable, "no memory for an MP3 decoder");
  context->thread_count = 1;
  if (avcodec_open2(context.get(), codec, nullptr) < 0)
    return fail(ErrorKind::unavailable, "FFmpeg's MP3 decoder does not open");
  return std::make_unique<Mp3Decoder>(std::move(context), std::move(packet), std::move(frame),
                                      format, frame_samples);
}

}  // namespace earshot::mp3
