#include "bridge/unreachable_notice.hpp"

#include "base/base64.hpp"
#include "base/little_endian.hpp"
#include "bridge/resampler.hpp"

#include <algorithm>
#include <optional>

namespace earshot::bridge {

namespace {

constexpr std::uint16_t format_pcm = 1;
constexpr std::uint16_t format_mu_law = 7;
constexpr std::uint16_t format_extensible = 0xFFFE;
constexpr std::uint32_t notice_seconds_max = 60;

struct WavFormat {
  std::uint16_t kind = 0;
  std::uint16_t channels = 0;
  std::uint32_t rate_hz = 0;
  std::uint16_t bits = 0;
};

struct WavParts {
  std::optional<WavFormat> format;
  std::optional<ByteView> data;
};

// G.711: sign, three bits of exponent, four of mantissa, all inverted, with a bias of 132.
std::int16_t from_mu_law(std::uint8_t byte) {
  const int inverted = ~byte & 0xff;
  const int exponent = (inverted >> 4) & 7;
  const int magnitude = ((((inverted & 0x0f) << 3) + 132) << exponent) - 132;
  return static_cast<std::int16_t>((inverted & 0x80) != 0 ? -magnitude : magnitude);
}

WavFormat read_format(ByteView chunk) {
  WavFormat format{.kind = get_le<std::uint16_t>(chunk, 0),
                   .channels = get_le<std::uint16_t>(chunk, 2),
                   .rate_hz = get_le<std::uint32_t>(chunk, 4),
                   .bits = get_le<std::uint16_t>(chunk, 14)};
  if (format.kind == format_extensible && chunk.size() >= 26)
    format.kind = get_le<std::uint16_t>(chunk, 24);
  return format;
}

WavParts walk_chunks(ByteView wav) {
  WavParts parts;
  ByteView rest = wav.subspan(12);
  while (rest.size() >= 8 && !parts.data) {
    const std::string_view name = as_text(rest.first(4));
    const std::size_t length = get_le<std::uint32_t>(rest, 4);
    const ByteView body = rest.subspan(8, std::min(length, rest.size() - 8));
    if (name == "fmt " && body.size() >= 16) parts.format = read_format(body);
    if (name == "data") parts.data = body;
    const std::size_t step = std::min(8 + length + length % 2, rest.size());
    rest = rest.subspan(step);
  }
  return parts;
}

std::int16_t sample_at(ByteView data, std::size_t at, const WavFormat& format) {
  return format.kind == format_mu_law ? from_mu_law(data[at])
                                      : static_cast<std::int16_t>(get_le<std::uint16_t>(data, at));
}

}  // namespace

Result<NoticeAudio> read_notice_wav(ByteView wav) {
  if (wav.size() < 12 || as_text(wav.first(4)) != "RIFF" || as_text(wav.subspan(8, 4)) != "WAVE")
    return fail(ErrorKind::invalid, "the notice is not a WAV file");
  const WavParts parts = walk_chunks(wav);
  if (!parts.format || !parts.data)
    return fail(ErrorKind::invalid, "the notice has no fmt chunk, or no data chunk after it");
  const WavFormat& format = *parts.format;
  const bool is_known = (format.kind == format_pcm && format.bits == 16) ||
                        (format.kind == format_mu_law && format.bits == 8);
  if (!is_known || format.channels == 0 || format.channels > 8 || format.rate_hz < 8000 ||
      format.rate_hz > 48000)
    return fail(ErrorKind::invalid, "the notice must be 16-bit PCM or 8-bit mu-law of 8 to 48 kHz");
  NoticeAudio audio{.sample_rate_hz = format.rate_hz};
  const std::size_t frame_bytes = std::size_t{format.channels} * format.bits / 8;
  const std::size_t frames =
      std::min(parts.data->size() / frame_bytes, std::size_t{format.rate_hz} * notice_seconds_max);
  if (frames == 0) return fail(ErrorKind::invalid, "the notice has no samples");
  audio.samples.reserve(frames);
  for (std::size_t i = 0; i < frames; ++i)
    audio.samples.push_back(sample_at(*parts.data, i * frame_bytes, format));
  return audio;
}

std::vector<std::int16_t> unreachable_notice(ByteView configured_wav, std::uint32_t rate_hz) {
  NoticeAudio audio;
  if (auto configured = read_notice_wav(configured_wav)) {
    audio = std::move(*configured);
  } else {
    Bytes bundled;
    base64::decode_to(bundled_notice_base64(), bundled);
    if (auto read = read_notice_wav(bundled)) audio = std::move(*read);
  }
  if (audio.sample_rate_hz == rate_hz || audio.samples.empty()) return audio.samples;
  std::vector<std::int16_t> resampled;
  Resampler resampler(audio.sample_rate_hz, rate_hz);
  resampler.process(audio.samples, resampled);
  resampler.flush(resampled);
  return resampled;
}

}  // namespace earshot::bridge
