// earshot holds add|remove|list
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/list_view.hpp"
#include "cli/output_json.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace earshot::cli {
namespace {

std::vector<std::string> row_of(const boost::json::object& hold) {
  return {cell(hold, "id"),  cell(hold, "contextId"), short_time(cell(hold, "since")),
          cell(hold, "who"), cell(hold, "why"),       short_time(cell(hold, "liftedAt"))};
}

}  // namespace

Task<int> run_holds_add(ApiClient& client, HoldsAddOptions options) {
  const boost::json::object wanted{{"who", options.who}, {"why", options.why}};
  auto body = co_await client.post("/api/v1/calls/" + net::percent_encode(options.call) + "/holds",
                                   boost::json::serialize(wanted));
  co_return show_answer(options.common.json, body, [](const boost::json::object& answer) {
    std::printf("held: nothing of the call is deleted or moved until hold %s is removed\n",
                cell(answer, "id").c_str());
    std::printf("%-14s %s\n%-14s %s\n", "index tags", cell(answer, "tags").c_str(), "legal hold",
                cell(answer, "legalHold").c_str());
  });
}

Task<int> run_holds_remove(ApiClient& client, HoldsRemoveOptions options) {
  const boost::json::object wanted{{"who", options.who}};
  auto body = co_await client.post("/api/v1/holds/" + net::percent_encode(options.hold) + "/lift",
                                   boost::json::serialize(wanted));
  co_return show_answer(options.common.json, body, [](const boost::json::object& answer) {
    std::printf("lifted; the rules of retention apply to call %s again\n",
                cell(answer, "contextId").c_str());
  });
}

Task<int> run_holds_list(ApiClient& client, HoldsListOptions options) {
  ListView view{
      .path = with_query("/api/v1/holds", {{"limit", std::to_string(options.limit)},
                                           {"call", options.call},
                                           {"lifted", options.all ? "true" : ""}}),
      .member = "holds",
      .columns = {{"hold"}, {"call"}, {"since (UTC)"}, {"who"}, {"why"}, {"lifted (UTC)"}},
      .row = row_of,
      .json = options.common.json};
  return show_list(client, std::move(view));
}

}  // namespace earshot::cli
