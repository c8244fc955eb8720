// earshot alerts retry ID
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

Task<int> run_alerts_retry(ApiClient& client, AlertsRetryOptions options) {
  auto body =
      co_await client.post("/api/v1/alerts/" + net::percent_encode(options.alert) + "/retry", "");
  co_return show_answer(options.common.json, body, [](const boost::json::object& answer) {
    std::printf("%s is sent again; earshot alerts list shows what becomes of it\n",
                cell(answer, "kind").c_str());
  });
}

}  // namespace earshot::cli
