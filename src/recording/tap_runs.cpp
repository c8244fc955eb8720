#include "recording/tap_runs.hpp"

#include "recording/tap_uploader.hpp"

#include <charconv>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <string_view>

namespace earshot::recording {
namespace {

constexpr int listing_pages_max = 20;

// Moved to the blob store while somebody reads: the same bytes, at another place.
class SpooledOrStored : public ByteSource {
 public:
  SpooledOrStored(SpoolBytes spooled, BlobBytes stored)
      : spooled_(std::move(spooled)), stored_(std::move(stored)) {}
  Task<Result<Bytes>> read(std::uint64_t offset, std::uint64_t length) override {
    if (!gone_) {
      auto bytes = co_await spooled_.read(offset, length);
      if (bytes || bytes.error().kind != ErrorKind::not_found) co_return bytes;
      gone_ = true;
    }
    co_return co_await stored_.read(offset, length);
  }

 private:
  SpoolBytes spooled_;
  BlobBytes stored_;
  bool gone_ = false;
};

// ".../tap-3.pcm" -> 3
std::optional<std::uint32_t> run_number(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  if (!name.starts_with("tap-") || !name.ends_with(".pcm")) return std::nullopt;
  name = name.substr(4, name.size() - 8);
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

struct RunPlace {
  std::uint64_t bytes = 0;
  std::string etag;  // of a blob; "" in the spool
};

}  // namespace

Task<Result<OpenedTap>> open_tap(BlobStore& blobs, TapSpool& spool, Call call) {
  std::map<std::uint32_t, RunPlace> places;
  auto spooled = co_await spool.runs(call.id);
  if (!spooled) co_return fail("look into the tap spool", spooled.error());
  BlobListRequest request{.prefix = witness_folder(call.received_at, call.id) + "tap-"};
  for (int page = 0; page < listing_pages_max; ++page) {
    auto listed = co_await blobs.list(request);
    if (!listed) co_return fail("list the call's tap", listed.error());
    for (const auto& blob : listed->blobs)
      if (const auto run = run_number(blob.name.text)) places[*run] = {blob.bytes, blob.etag};
    request.marker = listed->next_marker;
    if (request.marker.empty()) break;
  }
  for (const auto& run : *spooled) places[run.run] = {run.tap_bytes, ""};

  OpenedTap opened;
  std::vector<std::unique_ptr<TapRunBytes>> runs;
  for (const auto& [number, place] : places) {
    if (place.bytes <= tap_header_bytes) continue;
    auto name = witness_blob(call.received_at, call.id, number, SpoolKind::tap);
    std::unique_ptr<ByteSource> bytes;
    if (place.etag.empty())
      bytes = std::make_unique<SpooledOrStored>(SpoolBytes(spool, call.id, number, SpoolKind::tap),
                                                BlobBytes(blobs, std::move(name), ""));
    else
      bytes = std::make_unique<BlobBytes>(blobs, std::move(name), place.etag);
    auto run = co_await TapRunBytes::open(std::move(bytes), place.bytes);
    if (!run && run.error().kind != ErrorKind::corrupt) co_return Failure(run.error());
    if (!run) {
      ++opened.runs_unusable;
      continue;
    }
    opened.identity += fmt::format("{}:{};", number, place.bytes);
    runs.push_back(std::move(*run));
  }
  auto samples = TapSamples::join(std::move(runs));
  if (!samples) co_return Failure(samples.error());
  opened.samples = std::move(*samples);
  co_return opened;
}

}  // namespace earshot::recording
