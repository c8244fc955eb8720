// earshot recordings show ID
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {

Task<int> run_recordings_show(ApiClient& client, RecordingsShowOptions options) {
  auto body = co_await client.get("/api/v1/recordings/" + net::percent_encode(options.recording));
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
                    cell(chunk, "bytes"), cell(chunk, "audio")});
  }
  const std::vector<Column> columns{{"chunk", true}, {"start (UTC)"}, {"seconds", true},
                                    {"format"},      {"bytes", true}, {"blob"}};
  std::printf("\n%s", format_table(columns, rows).c_str());
  co_return 0;
}

}  // namespace earshot::cli
