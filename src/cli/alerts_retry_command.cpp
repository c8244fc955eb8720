// earshot alerts retry ID
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

Task<int> run_alerts_retry(ApiClient& client, AlertsRetryOptions options) {
  auto body =
      co_await client.post("/api/v1/alerts/" + net::percent_encode(options.alert) + "/retry", "");
  if (!body) co_return report(body.error());
  if (options.common.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  std::printf("%s is sent again; earshot alerts list shows what becomes of it\n",
              cell(*answer, "kind").c_str());
  co_return 0;
}

}  // namespace earshot::cli
