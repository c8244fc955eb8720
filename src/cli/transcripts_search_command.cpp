// earshot transcripts search TEXT [--from] [--to] [--limit] [--cursor]
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::cli {
namespace {

std::vector<std::string> row_of(const boost::json::object& hit) {
  return {cell(hit, "contextId"), short_time(cell(hit, "receivedAt")),
          fmt::format("{:.1f}", number(hit, "startSeconds")), cell(hit, "speaker"),
          cell(hit, "snippet")};
}

}  // namespace

Task<int> run_transcripts_search(ApiClient& client, TranscriptsSearchOptions options) {
  ListView view{
      .path = with_query("/api/v1/transcripts/search", {{"q", options.text},
                                                        {"limit", std::to_string(options.limit)},
                                                        {"from", options.from},
                                                        {"to", options.to},
                                                        {"cursor", options.cursor}}),
      .member = "hits",
      .columns = {{"call"}, {"received"}, {"at s", true}, {"who"}, {"text"}},
      .row = row_of,
      .json = options.common.json,
      .pages = true};
  return show_list(client, std::move(view));
}

}  // namespace earshot::cli
