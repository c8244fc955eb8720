#include "recording/mp3_samples.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr std::uint64_t scan_bytes = 1 << 20;
constexpr std::uint64_t window_bytes = 64 << 10;
// A frame may lean on bytes of those before it, and overlaps with the one before; decoding that
// begins elsewhere begins so many frames early.
constexpr std::uint64_t preroll_frames = 12;
// As FFmpeg and LAME count: a decoder's own delay, in samples.
constexpr std::uint64_t decoder_delay = 529;
// Below so many it says nothing that most were bad: a stream may begin in the middle of something.
constexpr std::uint64_t bad_frames_min = 16;

Error corrupt(std::string message) {
  return Error{.kind = ErrorKind::corrupt, .message = std::move(message)};
}

}  // namespace

Mp3Samples::Mp3Samples(std::unique_ptr<ByteSource> bytes, std::string name, Mp3Layout layout,
                       Services services)
    : bytes_(std::move(bytes)),
      name_(std::move(name)),
      layout_(layout),
      services_(services),
      format_(layout.format) {
  format_.bits_per_sample = 16;
  like_ = {.sampling_hz = layout.format.sample_rate_hz,
           .samples = layout.frame_samples,
           .channels = layout.format.channels};
}

Task<Result<std::unique_ptr<Mp3Samples>>> Mp3Samples::open(std::unique_ptr<ByteSource> bytes,
                                                           std::string name,
                                                           std::uint64_t file_bytes,
                                                           Services services) {
  auto head = co_await bytes->read(0, std::min(mp3_head_bytes, file_bytes));
  if (!head) co_return Failure(head.error());
  const auto tail_bytes = std::min(mp3_tail_bytes, file_bytes);
  auto tail = co_await bytes->read(file_bytes - tail_bytes, tail_bytes);
  if (!tail) co_return Failure(tail.error());
  auto layout = parse_mp3(*head, *tail, file_bytes);
  if (!layout) co_return fail(name, layout.error());
  // What the encoder says of the whole may be in another form than the sound.
  const auto first = read_mp3_frame_header(
      ByteView(*head).subspan(std::min<std::size_t>(layout->data_offset, head->size())));
  if (first) {
    layout->format.sample_rate_hz = first->sampling_hz;
    layout->format.channels = first->channels;
    layout->frame_samples = first->samples;
  }
  std::unique_ptr<Mp3Samples> samples(
      new Mp3Samples(std::move(bytes), std::move(name), *layout, services));
  if (auto found = co_await samples->find_frames(); !found) co_return Failure(found.error());
  samples->trim();
  auto decoder = services.decoders.open_mp3(samples->format_, samples->like_.samples);
  if (!decoder) co_return Failure(decoder.error());
  samples->decoder_ = std::move(*decoder);
  samples->window_offset_ = layout->data_offset;
  co_return samples;
}

Task<Result<void>> Mp3Samples::find_frames() {
  const auto end = layout_.data_offset + layout_.data_bytes;
  auto at = layout_.data_offset;
  bool lost = false;
  while (at < end) {
    const auto wanted = std::min(scan_bytes, end - at);
    auto piece = co_await bytes_->read(at, wanted);
    if (!piece) co_return Failure(piece.error());
    if (piece->size() != wanted)
      co_return Failure(corrupt(fmt::format("{} ends at byte {} where {} were expected", name_,
                                            at + piece->size(), at + wanted)));
    const bool last = at + wanted == end;
    ByteView rest(*piece);
    Mp3Step step;
    while ((step = next_mp3_frame(rest, last, like_, lost)).bytes > 0) {
      lost = step.kind == Mp3Step::Kind::garbage;
      if (lost) {
        index_.garbage_bytes += step.bytes;
      } else if (index_.frames++ % Mp3Index::spacing == 0) {
        index_.offsets.push_back(at + (piece->size() - rest.size()));
      }
      rest = rest.subspan(step.bytes);
    }
    at += piece->size() - rest.size();
    if (last) break;
  }
  if (index_.frames == 0 || index_.garbage_bytes > layout_.data_bytes / 2)
    co_return Failure(corrupt(
        fmt::format("{} is not a readable MP3: from byte {} on, {} frames and {} bytes that belong "
                    "to none",
                    name_, layout_.data_offset, index_.frames, index_.garbage_bytes)));
  co_return ok();
}

void Mp3Samples::trim() {
  frames_ = index_.frames * like_.samples;
  if (!layout_.encoder_delay) return;
  skipped_ = std::min(frames_, *layout_.encoder_delay + decoder_delay);
  frames_ -= skipped_;
  // The end is where the encoder says only when all of its frames are there.
  if (layout_.frames != index_.frames || layout_.encoder_padding <= decoder_delay) return;
  frames_ -= std::min(frames_, layout_.encoder_padding - decoder_delay);
}

Task<Result<Bytes>> Mp3Samples::read(std::uint64_t first, std::uint64_t count) {
  const auto begin = first + skipped_;
  const auto frame_bytes = format_.frame_bytes();
  const auto decoded_end = decoded_first_ + decoded_.size() / frame_bytes;
  if (begin < decoded_first_ ||
      begin > decoded_end + Mp3Index::spacing * std::uint64_t{like_.samples})
    if (auto sought = co_await seek(begin / like_.samples); !sought)
      co_return Failure(sought.error());
  if (auto decoded = co_await decode_until(begin + count); !decoded)
    co_return Failure(decoded.error());
  const auto from =
      decoded_.begin() + static_cast<std::ptrdiff_t>((begin - decoded_first_) * frame_bytes);
  const auto to = from + static_cast<std::ptrdiff_t>(count * frame_bytes);
  Bytes out(from, to);
  decoded_.erase(decoded_.begin(), to);
  decoded_first_ = begin + count;
  co_return out;
}

// So that the next samples are those of `frame`, or of one before it.
Task<Result<void>> Mp3Samples::seek(std::uint64_t frame) {
  const auto early = frame > preroll_frames ? frame - preroll_frames : 0;
  const auto anchor = early / Mp3Index::spacing;
  decoder_->reset();
  decoded_.clear();
  next_frame_ = anchor * Mp3Index::spacing;
  decoded_first_ = next_frame_ * like_.samples;
  window_.clear();
  window_is_last_ = false;
  lost_ = false;
  window_offset_ = index_.offsets.at(anchor);
  co_return ok();
}

Task<Result<void>> Mp3Samples::fill_window() {
  const auto end = layout_.data_offset + layout_.data_bytes;
  const auto at = window_offset_ + window_.size();
  const auto wanted = std::min(window_bytes, end - std::min(at, end));
  auto piece = co_await bytes_->read(at, wanted);
  if (!piece) co_return Failure(piece.error());
  if (piece->size() != wanted || wanted == 0)
    co_return Failure(corrupt(
        fmt::format("{} ends at byte {} where more was expected", name_, at + piece->size())));
  window_.insert(window_.end(), piece->begin(), piece->end());
  window_is_last_ = at + wanted == end;
  co_return ok();
}

Task<Result<void>> Mp3Samples::decode_until(std::uint64_t sample) {
  while (decoded_first_ + decoded_.size() / format_.frame_bytes() < sample) {
    if (!window_is_last_)
      if (auto filled = co_await fill_window(); !filled) co_return filled;
    const auto before = next_frame_;
    Result<void> decoded = ok();
    co_await services_.offload.run([&] { decoded = decode_window(); });
    if (!decoded) co_return decoded;
    if (window_is_last_ && next_frame_ == before)
      co_return Failure(corrupt(fmt::format("{} holds fewer frames than it did", name_)));
  }
  co_return ok();
}

// All whole frames of the window.
Result<void> Mp3Samples::decode_window() {
  ByteView rest(window_);
  Mp3Step step;
  while ((step = next_mp3_frame(rest, window_is_last_, like_, lost_)).bytes > 0) {
    lost_ = step.kind == Mp3Step::Kind::garbage;
    if (!lost_) {
      ++next_frame_;
      ++decoded_frames_;
      if (!decoder_->decode(rest.first(step.bytes), decoded_)) {
        ++bad_frames_;
        decoded_.resize(decoded_.size() + std::size_t{like_.samples} * format_.frame_bytes());
      }
    }
    rest = rest.subspan(step.bytes);
  }
  const auto used = window_.size() - rest.size();
  window_.erase(window_.begin(), window_.begin() + static_cast<std::ptrdiff_t>(used));
  window_offset_ += used;
  if (bad_frames_ < bad_frames_min || bad_frames_ * 2 < decoded_frames_) return ok();
  return Failure(corrupt(fmt::format("{}: {} of {} frames cannot be decoded, up to byte {}", name_,
                                     bad_frames_, decoded_frames_, window_offset_)));
}

}  // namespace earshot::recording
