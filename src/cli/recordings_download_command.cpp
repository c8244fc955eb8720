// earshot recordings download ID [-o FILE] [--source acs|repaired|tap] [--channels …]
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace earshot::cli {
namespace {

// Shows how far a download is: a line that moves on a terminal, one line a tenth otherwise.
class Progress {
 public:
  void expect(std::uint64_t bytes) { expected_ = bytes; }
  void add(std::uint64_t bytes) {
    done_ += bytes;
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
  void finish() const {
    if (terminal_ && done_ > 0) std::fputc('\n', stderr);
  }
  std::uint64_t done() const { return done_; }
  std::uint64_t expected() const { return expected_; }

 private:
  bool terminal_ = isatty(2) != 0;
  std::uint64_t expected_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t shown_at_ = 0;
  int tenth_shown_ = -1;
};

// An id may hold anything; a file name may not.
std::string file_name_for(const std::string& recording) {
  std::string name;
  for (const char letter : recording.substr(0, 100))
    name += std::isalnum(static_cast<unsigned char>(letter)) || letter == '-' || letter == '_'
                ? letter
                : '_';
  return name + ".wav";
}

std::string audio_path(const std::string& recording, const RecordingsDownloadOptions& options) {
  std::string path = "/api/v1/recordings/" + net::percent_encode(recording) + "/audio";
  char separator = '?';
  for (const auto& [name, value] :
       {std::pair("source", &options.source), std::pair("channels", &options.channels)}) {
    if (value->empty()) continue;
    path += fmt::format("{}{}={}", separator, name, net::percent_encode(*value));
    separator = '&';
  }
  return path;
}

}  // namespace

Task<int> run_recordings_download(ApiClient& client, RecordingsDownloadOptions options) {
  const std::string path =
      options.output.empty() ? file_name_for(options.recording) : options.output;
  const bool to_standard_output = path == "-";
  if (!to_standard_output && !options.overwrite && std::filesystem::exists(path)) {
    std::fprintf(stderr,
                 "earshot: %s is there already; give --overwrite, or another name with -o\n",
                 path.c_str());
    co_return 2;
  }
  auto recording = co_await find_recording(client, options.recording);
  if (!recording) co_return report(recording.error());
  // Under another name until it is whole, so that a broken download is never taken for a recording.
  const std::string partial = path + ".part";
  std::FILE* file = to_standard_output ? stdout : std::fopen(partial.c_str(), "wb");
  if (file == nullptr) {
    std::fprintf(stderr, "earshot: cannot write %s\n", partial.c_str());
    co_return 1;
  }
  Progress progress;
  net::HttpClient::Sink sink = [&](std::string_view bytes) -> Result<void> {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size())
      return fail(ErrorKind::unavailable, "cannot write " + path + "; is the disk full?");
    progress.add(bytes.size());
    return ok();
  };
  std::function<void(std::uint64_t)> expected = [&](std::uint64_t bytes) {
    progress.expect(bytes);
  };
  auto done = co_await client.download(audio_path(*recording, options), std::move(sink),
                                       std::move(expected));
  progress.finish();
  const bool closed = to_standard_output ? std::fflush(file) == 0 : std::fclose(file) == 0;
  if (done && progress.expected() != 0 && progress.done() != progress.expected())
    done = fail(ErrorKind::unavailable,
                fmt::format("the download ended after {} of {} bytes; try again", progress.done(),
                            progress.expected()));
  if (done && !closed)
    done = fail(ErrorKind::unavailable, "cannot write " + path + "; is the disk full?");
  if (to_standard_output) co_return done ? 0 : report(done.error());
  std::error_code ignored;
  if (!done) {
    std::filesystem::remove(partial, ignored);
    co_return report(done.error());
  }
  std::filesystem::rename(partial, path, ignored);
  if (ignored)
    co_return report(Error{.message = "cannot rename " + partial + ": " + ignored.message()});
  const std::string whole_path = std::filesystem::absolute(path).string();
  if (options.common.json)
    std::printf("%s\n", boost::json::serialize(
                            boost::json::object{{"file", whole_path}, {"bytes", progress.done()}})
                            .c_str());
  else
    std::printf("%s\n", whole_path.c_str());
  co_return 0;
}

}  // namespace earshot::cli
