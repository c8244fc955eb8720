// earshot recordings list
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"

#include <utility>

namespace earshot::cli {
namespace {

std::vector<std::string> row_of(const boost::json::object& recording) {
  return {cell(recording, "contextId"),
          short_time(cell(recording, "requestedAt")),
          cell(recording, "state"),
          cell(recording, "discovery"),
          cell(recording, "chunkCount"),
          format_seconds(number(recording, "durationSeconds")),
          format_bytes(number(recording, "bytes")),
          cell(recording, "recordingId")};
}

}  // namespace

Task<int> run_recordings_list(ApiClient& client, RecordingsListOptions options) {
  ListView view{.path = with_query("/api/v1/recordings", {{"limit", std::to_string(options.limit)},
                                                          {"from", options.from},
                                                          {"to", options.to}}),
                .member = "recordings",
                .columns = {{"call"},
                            {"started (UTC)"},
                            {"state"},
                            {"discovery"},
                            {"chunks", true},
                            {"length", true},
                            {"size", true},
                            {"recording"}},
                .row = row_of,
                .json = options.common.json};
  return show_list(client, std::move(view));
}

}  // namespace earshot::cli
