#include "recording/tap_samples.hpp"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr int search_steps_max = 64;
constexpr int tail_windows_max = 8;
constexpr std::size_t frame_bytes = 4;

// Frames to call time, and back; taps begin at zero.
Duration time_of(std::uint64_t frame, std::uint32_t rate_hz) {
  return Duration(static_cast<std::int64_t>(frame * 1'000'000 / rate_hz));
}
std::uint64_t frame_at(Duration time, std::uint32_t rate_hz) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(0, time.count())) * rate_hz / 1'000'000;
}

void add_stretch(std::vector<Stretch>& to, Stretch stretch) {
  if (!to.empty() && stretch.from <= to.back().to)
    to.back().to = std::max(to.back().to, stretch.to);
  else
    to.push_back(stretch);
}

}  // namespace

Task<Result<std::unique_ptr<TapRunBytes>>> TapRunBytes::open(std::unique_ptr<ByteSource> bytes,
                                                             std::uint64_t size) {
  auto head = co_await bytes->read(0, tap_header_bytes);
  if (!head) co_return Failure(head.error());
  auto reader = TapReader::open(*head);
  if (!reader) co_return Failure(reader.error());
  std::unique_ptr<TapRunBytes> run(new TapRunBytes(std::move(bytes), size, reader->header()));
  if (auto found = co_await run->find_ends(); !found) co_return Failure(found.error());
  co_return run;
}

Task<Result<void>> TapRunBytes::find_ends() {
  next_offset_ = tap_header_bytes;
  while (blocks_.empty() && next_offset_ < size_)
    if (auto loaded = co_await load(next_offset_); !loaded) co_return loaded;
  if (blocks_.empty()) co_return fail(ErrorKind::corrupt, "the tap holds no whole block");
  first_frame_ = blocks_.front().frame;
  end_frame_ = blocks_.back().frame + blocks_.back().frames;
  for (int back = 1; back <= tail_windows_max; ++back) {
    const auto reach = static_cast<std::uint64_t>(back) * window_bytes();
    if (reach >= size_ - tap_header_bytes) break;
    if (auto loaded = co_await load(size_ - reach); !loaded) co_return loaded;
    if (blocks_.empty()) continue;
    end_frame_ = std::max(end_frame_, blocks_.back().frame + blocks_.back().frames);
    break;
  }
  // A short run is read through.
  while (next_offset_ < size_) {
    if (auto loaded = co_await load(next_offset_); !loaded) co_return loaded;
    if (!blocks_.empty())
      end_frame_ = std::max(end_frame_, blocks_.back().frame + blocks_.back().frames);
  }
  co_return ok();
}

Task<Result<void>> TapRunBytes::load(std::uint64_t offset) {
  const auto length = std::min(window_bytes(), size_ - offset);
  auto bytes = co_await bytes_->read(offset, length);
  if (!bytes) co_return Failure(bytes.error());
  window_ = std::move(*bytes);
  window_offset_ = offset;
  blocks_.clear();
  auto reader = TapReader::resume(header_, window_);
  std::size_t end = 0;
  while (const auto block = reader.next()) {
    end = reader.offset();
    blocks_.push_back(
        {.frame = std::uint64_t{block->second} * header_.sample_rate_hz + block->first_frame,
         .frames = block->frames,
         .samples_at = end - block->samples.size()});
  }
  if (window_.size() < length || offset + length >= size_)
    next_offset_ = size_;  // what is left is torn
  else
    // Where no block is whole, none that is sound begins in the first half.
    next_offset_ = offset + (blocks_.empty() ? window_bytes() / 2 : end);
  co_return ok();
}

Task<Result<void>> TapRunBytes::seek(std::uint64_t frame) {
  const auto end_of_window = [&] { return blocks_.back().frame + blocks_.back().frames; };
  if (!blocks_.empty() && blocks_.front().frame <= frame) {
    if (frame < end_of_window()) co_return ok();
    // What follows what was read last needs no search.
    const auto near = end_of_window() + 2 * std::uint64_t{header_.sample_rate_hz};
    if (frame <= near && next_offset_ < size_) co_return co_await load(next_offset_);
  }
  std::uint64_t low = tap_header_bytes;
  std::uint64_t high = size_;
  std::uint64_t low_frame = first_frame_;
  std::uint64_t high_frame = std::max(end_frame_, first_frame_ + 1);
  for (int step = 0; high > low + window_bytes() && step < search_steps_max; ++step) {
    auto guess = low + (high - low) / 2;
    if (step % 2 == 0) {  // every other step halves, whatever holes do to the estimate
      const auto part = static_cast<double>(std::clamp(frame, low_frame, high_frame) - low_frame) /
                        static_cast<double>(std::max<std::uint64_t>(high_frame - low_frame, 1));
      const auto about = static_cast<std::uint64_t>(part * static_cast<double>(high - low));
      guess = low + about - std::min(about, window_bytes() / 2);
    }
    guess = std::min(guess, high - window_bytes());
    if (auto loaded = co_await load(guess); !loaded) co_return loaded;
    while (blocks_.empty() && next_offset_ < high)
      if (auto loaded = co_await load(next_offset_); !loaded) co_return loaded;
    if (blocks_.empty() || blocks_.front().frame > frame) {
      high = guess;
      if (!blocks_.empty()) high_frame = blocks_.front().frame;
    } else if (end_of_window() <= frame) {
      low = next_offset_;
      low_frame = end_of_window();
    } else {
      co_return ok();
    }
  }
  if (low < size_) co_return co_await load(low);
  co_return ok();
}

Task<Result<void>> TapRunBytes::copy(std::uint64_t first, std::uint64_t frames, std::int16_t* out,
                                     std::vector<Stretch>* there) {
  const auto end = first + frames;
  if (end <= first_frame_ || first >= end_frame_) co_return ok();
  if (auto found = co_await seek(first); !found) co_return found;
  for (;;) {
    for (const auto& block : blocks_) {
      const auto from = std::max(first, block.frame);
      const auto to = std::min(end, block.frame + block.frames);
      if (from >= to) continue;
      if (out != nullptr)
        std::memcpy(out + (from - first) * 2,
                    window_.data() + block.samples_at + (from - block.frame) * frame_bytes,
                    (to - from) * frame_bytes);
      if (there != nullptr)
        add_stretch(*there,
                    {time_of(from, header_.sample_rate_hz), time_of(to, header_.sample_rate_hz)});
    }
    const bool past = !blocks_.empty() && blocks_.back().frame + blocks_.back().frames >= end;
    if (past || next_offset_ >= size_) co_return ok();
    if (auto loaded = co_await load(next_offset_); !loaded) co_return loaded;
  }
}

TapSamples::TapSamples(std::uint32_t rate_hz, std::vector<std::unique_ptr<TapRunBytes>> runs)
    : rate_hz_(rate_hz), runs_(std::move(runs)) {
  for (const auto& run : runs_) frames_ = std::max(frames_, run->end_frame());
}

Result<std::unique_ptr<TapSamples>> TapSamples::join(
    std::vector<std::unique_ptr<TapRunBytes>> runs) {
  if (runs.empty()) return fail(ErrorKind::not_found, "the bridge kept no audio of this call");
  const auto rate = runs.front()->header().sample_rate_hz;
  for (const auto& run : runs)
    if (run->header().sample_rate_hz != rate)
      return fail(ErrorKind::conflict, fmt::format("the tap has runs of {} and of {} Hz", rate,
                                                   run->header().sample_rate_hz));
  return std::unique_ptr<TapSamples>(new TapSamples(rate, std::move(runs)));
}

Task<Result<Bytes>> TapSamples::read(std::uint64_t first, std::uint64_t count) {
  std::vector<std::int16_t> samples(count * 2);
  for (const auto& run : runs_)
    if (auto copied = co_await run->copy(first, count, samples.data(), nullptr); !copied)
      co_return Failure(copied.error());
  Bytes out(samples.size() * sizeof(std::int16_t));
  std::memcpy(out.data(), samples.data(), out.size());
  co_return out;
}

Task<Result<std::vector<Stretch>>> TapSamples::there_is(Stretch within) {
  const auto first = frame_at(within.from, rate_hz_);
  const auto end = frame_at(within.to, rate_hz_);
  std::vector<Stretch> all;
  for (const auto& run : runs_) {
    if (first >= end) break;
    std::vector<Stretch> of_run;
    if (auto noted = co_await run->copy(first, end - first, nullptr, &of_run); !noted)
      co_return Failure(noted.error());
    all.insert(all.end(), of_run.begin(), of_run.end());
  }
  std::ranges::sort(all, {}, &Stretch::from);
  std::vector<Stretch> merged;
  for (const auto& stretch : all) add_stretch(merged, stretch);
  co_return merged;
}

}  // namespace earshot::recording
