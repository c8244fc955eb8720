// earshot recordings show ID
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {

namespace {

// The folder stands above the table.
std::string file_of(const std::string& blob) { return blob.substr(blob.rfind('/') + 1); }

// What ACS has of it, and how long it can still be fetched from there.
void print_files(const boost::json::object& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(answer, "files")) {
    if (!item.is_object()) continue;
    const auto& file = item.get_object();
    rows.push_back({cell(file, "chunkIndex"), cell(file, "state"),
                    short_time(cell(file, "expiresAt")),
                    fmt::format("{:.1f}", number(file, "hoursLeft")), cell(file, "lastError")});
  }
  if (rows.empty()) return;
  const std::vector<Column> columns{
      {"at ACS", true}, {"state"}, {"kept until (UTC)"}, {"hours left", true}, {"trouble"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
}

}  // namespace

Task<int> run_recordings_show(ApiClient& client, RecordingsShowOptions options) {
  auto recording = co_await find_recording(client, options.recording);
  if (!recording) co_return report(recording.error());
  const std::string path = "/api/v1/recordings/" + net::percent_encode(*recording);
  auto body = co_await client.get(path);
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  for (const char* name : {"recordingId", "contextId", "state", "discovery", "channels", "format",
                           "requestedAt", "activeAt", "endedAt", "endReason", "folder"})
    std::printf("%-14s %s\n", name, cell(*answer, name).c_str());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(*answer, "chunks")) {
    if (!item.is_object()) continue;
    const auto& chunk = item.get_object();
    rows.push_back({cell(chunk, "chunkIndex"), cell(chunk, "start"),
                    fmt::format("{:.3f}", number(chunk, "durationSeconds")),
                    fmt::format("{} Hz x {}", cell(chunk, "sampleRateHz"), cell(chunk, "channels")),
                    cell(chunk, "bytes"), file_of(cell(chunk, "audio"))});
  }
  const std::vector<Column> columns{{"chunk", true}, {"start (UTC)"}, {"seconds", true},
                                    {"format"},      {"bytes", true}, {"file"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
  auto files = co_await client.get(path + "/files");
  if (!files) co_return report(files.error());
  const auto told = parse_answer(*files);
  if (!told) co_return report(told.error());
  print_files(*told);
  std::printf("\nto let somebody listen for a while: earshot recordings link %s\n",
              options.recording.c_str());
  co_return 0;
}

}  // namespace earshot::cli
