#include "api/audio_response.hpp"

#include "api/problem.hpp"
#include "api/range.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::api {
namespace {

// One read from the store; large enough to keep a fast line busy, small enough for many listeners
// at a time.
constexpr std::uint64_t piece_bytes = 1 << 20;

class AudioBody : public net::BodyReader {
 public:
  AudioBody(std::unique_ptr<recording::AudioReader> audio, ByteRange range)
      : audio_(std::move(audio)), at_(range.first), end_(range.last + 1) {}

  Task<Result<std::string>> next() override {
    if (at_ >= end_) co_return std::string();
    auto bytes = co_await audio_->read(at_, std::min(piece_bytes, end_ - at_));
    if (!bytes) co_return Failure(bytes.error());
    if (bytes->empty()) co_return fail(ErrorKind::corrupt, "the audio is shorter than it was");
    at_ += bytes->size();
    co_return std::string(as_text(*bytes));
  }

 private:
  std::unique_ptr<recording::AudioReader> audio_;
  std::uint64_t at_;
  std::uint64_t end_;
};

}  // namespace

net::HttpResponse audio_response(const net::HttpRequest& request,
                                 std::unique_ptr<recording::AudioReader> audio,
                                 const std::string& file_name, const std::string& etag) {
  const std::uint64_t size = audio->size();
  const std::string_view if_range = request.headers.get("If-Range");
  RangeDecision decision;
  if (if_range.empty() || if_range == etag)
    decision = decide_range(request.headers.get("Range"), size);
  if (decision.outcome == RangeOutcome::unsatisfiable) {
    auto response =
        problem(416, "range_not_satisfiable", fmt::format("the audio has {} bytes", size));
    response.headers.set("Content-Range", fmt::format("bytes */{}", size));
    return response;
  }
  net::HttpResponse response;
  ByteRange range{.first = 0, .last = size == 0 ? 0 : size - 1};
  if (decision.outcome == RangeOutcome::part) {
    response.status = 206;
    range = decision.range;
    response.headers.set("Content-Range",
                         fmt::format("bytes {}-{}/{}", range.first, range.last, size));
  }
  response.headers.set("Content-Type", audio->content_type());
  response.headers.set("Accept-Ranges", "bytes");
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("Content-Disposition",
                       fmt::format("attachment; filename=\"{}\"", file_name));
  response.stream_length = size == 0 ? 0 : range.length();
  response.stream = std::make_unique<AudioBody>(std::move(audio), range);
  return response;
}

}  // namespace earshot::api
