// earshot recordings merge ID [--source acs|repaired|tap] [--channels …] [--wait] [-o FILE]
#include "cli/audio_download.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <utility>

namespace earshot::cli {
namespace {

constexpr Duration ask_every = 1s;

std::string request_body(const RecordingsMergeOptions& options) {
  boost::json::object body;
  if (!options.source.empty()) body["source"] = options.source;
  if (!options.channels.empty()) body["channels"] = options.channels;
  return boost::json::serialize(body);
}

struct MergeAnswer {
  std::string body;
  boost::json::object merge;
  std::string state() const { return cell(merge, "state"); }
  bool is_over() const { return state() == "done" || state() == "failed"; }
};

Result<MergeAnswer> read_answer(Result<std::string> body) {
  if (!body) return Failure(body.error());
  auto merge = parse_answer(*body);
  if (!merge) return Failure(merge.error());
  return MergeAnswer{.body = std::move(*body), .merge = std::move(*merge)};
}

// Asks until it is over, and shows meanwhile how far it is.
Task<Result<MergeAnswer>> wait_for(ApiClient& client, std::string path, MergeAnswer answer) {
  Progress progress;
  while (!answer.is_over()) {
    co_await client.wait(ask_every);
    auto next = read_answer(co_await client.get(path));
    if (!next) co_return Failure(next.error());
    answer = std::move(*next);
    progress.expect(static_cast<std::uint64_t>(number(answer.merge, "bytesTotal")));
    if (answer.state() != "waiting")
      progress.reach(static_cast<std::uint64_t>(number(answer.merge, "bytesDone")));
  }
  progress.finish();
  co_return answer;
}

void print_merge(const MergeAnswer& answer) {
  for (const char* name :
       {"recordingId", "number", "source", "channels", "state", "bytesDone", "bytesTotal", "error"})
    std::printf("%-14s %s\n", name, cell(answer.merge, name).c_str());
  const auto* result = answer.merge.if_contains("result");
  if (result == nullptr || !result->is_object()) return;
  const auto& file = result->get_object();
  std::printf("%-14s %s\n", "blob", cell(file, "blob").c_str());
  std::printf("%-14s %s\n", "sha256", cell(file, "sha256").c_str());
  std::printf("%-14s %s, %s Hz x %s, %s bits\n", "format", cell(file, "contentType").c_str(),
              cell(file, "sampleRateHz").c_str(), cell(file, "channels").c_str(),
              cell(file, "bitsPerSample").c_str());
}

}  // namespace

Task<int> run_recordings_merge(ApiClient& client, RecordingsMergeOptions options) {
  const bool downloads = !options.output.empty();
  if (downloads && !may_write(options.output, options.overwrite)) co_return 2;
  auto recording = co_await find_recording(client, options.recording);
  if (!recording) co_return report(recording.error());
  const std::string base = "/api/v1/recordings/" + net::percent_encode(*recording);
  auto answer = read_answer(co_await client.post(base + "/merge", request_body(options)));
  if (!answer) co_return report(answer.error());
  const std::string path = base + "/merges/" + cell(answer->merge, "number");
  if (options.wait || downloads) {
    answer = co_await wait_for(client, path, std::move(*answer));
    if (!answer) co_return report(answer.error());
  }
  if (answer->state() == "failed")
    co_return report(Error{.message = "the merge failed: " + cell(answer->merge, "error")});
  if (downloads) {
    AudioDownload wanted{.path = path + "/audio", .file = options.output};
    auto written = co_await download_audio(client, std::move(wanted));
    if (!written) co_return report(written.error());
    // Standard output is the audio then.
    if (options.output == "-") co_return 0;
    if (!options.common.json) std::printf("%-14s %s\n", "file", written->file.c_str());
  }
  if (options.common.json)
    std::printf("%s\n", answer->body.c_str());
  else
    print_merge(*answer);
  co_return 0;
}

}  // namespace earshot::cli
