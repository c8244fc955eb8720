// earshot calls pause|resume CALL
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {
namespace {

// The service answers when the wish is stored; what ACS makes of it shows in the call's state.
Task<int> steer(ApiClient& client, CallsPauseOptions options, std::string verb) {
  auto recording = co_await find_recording(client, options.call);
  if (!recording) co_return report(recording.error());
  auto body = co_await client.post(
      "/api/v1/recordings/" + net::percent_encode(*recording) + "/" + verb, "");
  if (!body) co_return report(body.error());
  if (options.common.json)
    std::printf("%s\n", body->c_str());
  else
    std::printf("%s asked for; earshot calls %s tells what came of it\n", verb.c_str(),
                options.call.c_str());
  co_return 0;
}

}  // namespace

Task<int> run_calls_pause(ApiClient& client, CallsPauseOptions options) {
  return steer(client, std::move(options), "pause");
}

Task<int> run_calls_resume(ApiClient& client, CallsPauseOptions options) {
  return steer(client, std::move(options), "resume");
}

}  // namespace earshot::cli
