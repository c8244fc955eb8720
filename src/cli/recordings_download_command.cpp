// earshot recordings download ID [-o FILE] [--source acs|repaired|tap] [--channels …]
#include "cli/audio_download.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "net/url.hpp"

#include <cctype>
#include <cstdio>
#include <fmt/format.h>
#include <utility>

namespace earshot::cli {
namespace {

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
  const std::string file =
      options.output.empty() ? file_name_for(options.recording) : options.output;
  if (!may_write(file, options.overwrite)) co_return 2;
  auto recording = co_await find_recording(client, options.recording);
  if (!recording) co_return report(recording.error());
  AudioDownload wanted{.path = audio_path(*recording, options), .file = file};
  auto written = co_await download_audio(client, std::move(wanted));
  if (!written) co_return report(written.error());
  if (file == "-") co_return 0;
  if (options.common.json)
    std::printf("%s\n", boost::json::serialize(
                            boost::json::object{{"file", written->file}, {"bytes", written->bytes}})
                            .c_str());
  else
    std::printf("%s\n", written->file.c_str());
  co_return 0;
}

}  // namespace earshot::cli
