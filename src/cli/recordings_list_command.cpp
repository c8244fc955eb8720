// earshot recordings list
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

Task<int> run_recordings_list(ApiClient& client, RecordingsListOptions options) {
  std::string path = "/api/v1/recordings?limit=" + std::to_string(options.limit);
  if (!options.from.empty()) path += "&from=" + net::percent_encode(options.from);
  if (!options.to.empty()) path += "&to=" + net::percent_encode(options.to);
  auto body = co_await client.get(std::move(path));
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(*answer, "recordings")) {
    if (!item.is_object()) continue;
    const auto& recording = item.get_object();
    rows.push_back({cell(recording, "contextId"), short_time(cell(recording, "requestedAt")),
                    cell(recording, "state"), cell(recording, "discovery"),
                    cell(recording, "chunkCount"),
                    format_seconds(number(recording, "durationSeconds")),
                    format_bytes(number(recording, "bytes")), cell(recording, "recordingId")});
  }
  const std::vector<Column> columns{{"call"},       {"started (UTC)"}, {"state"},
                                    {"discovery"},  {"chunks", true},  {"length", true},
                                    {"size", true}, {"recording"}};
  std::printf("%s", format_table(columns, rows).c_str());
  co_return 0;
}

}  // namespace earshot::cli
