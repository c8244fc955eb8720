#include "cli/audio_download.hpp"

#include "cli/table.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace earshot::cli {

Progress::Progress() : terminal_(isatty(2) != 0) {}

void Progress::reach(std::uint64_t bytes) {
  done_ = bytes;
  if (expected_ == 0) return;
  const auto tenth = static_cast<int>(done_ * 10 / expected_);
  if (terminal_ ? done_ - shown_at_ < expected_ / 200 + 1 && done_ < expected_
                : tenth == tenth_shown_)
    return;
  shown_at_ = done_;
  tenth_shown_ = tenth;
  std::fprintf(stderr, "%s%s of %s (%d %%)%s", terminal_ ? "\r" : "",
               format_bytes(static_cast<double>(done_)).c_str(),
               format_bytes(static_cast<double>(expected_)).c_str(),
               static_cast<int>(done_ * 100 / expected_), terminal_ ? "   " : "\n");
}

void Progress::finish() const {
  if (terminal_ && done_ > 0) std::fputc('\n', stderr);
}

bool may_write(const std::string& file, bool overwrite) {
  if (file == "-" || overwrite || !std::filesystem::exists(file)) return true;
  std::fprintf(stderr, "earshot: %s is there already; give --overwrite, or another name with -o\n",
               file.c_str());
  return false;
}

Task<Result<DownloadedFile>> download_audio(ApiClient& client, AudioDownload wanted) {
  const bool to_standard_output = wanted.file == "-";
  const std::string partial = wanted.file + ".part";
  std::FILE* file = to_standard_output ? stdout : std::fopen(partial.c_str(), "wb");
  if (file == nullptr) co_return fail(ErrorKind::unavailable, "cannot write " + partial);
  const auto disk_full = [&] {
    return fail(ErrorKind::unavailable, "cannot write " + wanted.file + "; is the disk full?");
  };
  Progress progress;
  net::HttpClient::Sink sink = [&](std::string_view bytes) -> Result<void> {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size()) return disk_full();
    progress.add(bytes.size());
    return ok();
  };
  std::function<void(std::uint64_t)> expected = [&](std::uint64_t bytes) {
    progress.expect(bytes);
  };
  auto done = co_await client.download(wanted.path, std::move(sink), std::move(expected));
  progress.finish();
  const bool closed = to_standard_output ? std::fflush(file) == 0 : std::fclose(file) == 0;
  if (done && progress.expected() != 0 && progress.done() != progress.expected())
    done = fail(ErrorKind::unavailable,
                fmt::format("the download ended after {} of {} bytes; try again", progress.done(),
                            progress.expected()));
  if (done && !closed) done = disk_full();
  DownloadedFile written{.file = wanted.file, .bytes = progress.done()};
  if (to_standard_output && done) co_return written;
  if (to_standard_output) co_return Failure(done.error());
  std::error_code ignored;
  if (!done) {
    std::filesystem::remove(partial, ignored);
    co_return Failure(done.error());
  }
  std::filesystem::rename(partial, wanted.file, ignored);
  if (ignored)
    co_return fail(ErrorKind::unavailable, "cannot rename " + partial + ": " + ignored.message());
  written.file = std::filesystem::absolute(wanted.file).string();
  co_return written;
}

}  // namespace earshot::cli
