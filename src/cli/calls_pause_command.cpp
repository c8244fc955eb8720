// earshot calls pause|resume CALL
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/pause_outcome.hpp"
#include "cli/recording_name.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <utility>

namespace earshot::cli {
namespace {

constexpr Duration ask_every = 200ms;
constexpr int not_confirmed = 3;

Task<Result<boost::json::object>> ask(ApiClient& client, std::string path) {
  auto body = co_await client.get(std::move(path));
  if (!body) co_return Failure(body.error());
  co_return parse_answer(*body);
}

// The path of the recording's call.
Task<Result<std::string>> find_call(ApiClient& client, std::string recording) {
  auto shown = co_await ask(client, "/api/v1/recordings/" + net::percent_encode(recording));
  if (!shown) co_return Failure(shown.error());
  co_return "/api/v1/calls/" + net::percent_encode(cell(*shown, "contextId"));
}

// The service answers when the wish is stored; what ACS makes of it shows in the call's state.
Task<Result<PauseOutcome>> wait_for(ApiClient& client, std::string call, PauseVerb verb,
                                    std::int64_t before, Duration limit) {
  PauseOutcome outcome;
  for (Duration waited{0};; waited += ask_every) {
    auto journal = co_await ask(client, call + "/journal");
    if (!journal) co_return Failure(journal.error());
    auto shown = co_await ask(client, call);
    if (!shown) co_return Failure(shown.error());
    outcome = pause_outcome(verb, *shown, *journal, before);
    if (outcome.kind != PauseOutcome::Kind::waiting || waited >= limit) co_return outcome;
    co_await client.wait(ask_every);
  }
}

int tell(const CallsPauseOptions& options, PauseVerb verb, const std::string& recording,
         const PauseOutcome& outcome) {
  const bool confirmed = outcome.kind == PauseOutcome::Kind::confirmed;
  if (outcome.kind == PauseOutcome::Kind::failed)
    return report(
        Error{.message = fmt::format("the {} failed: {}", to_text(verb), outcome.reason)});
  if (options.common.json) {
    const boost::json::object shown{
        {"recordingId", recording}, {"asked", to_text(verb)}, {"confirmed", confirmed}};
    std::printf("%s\n", boost::json::serialize(shown).c_str());
  } else if (confirmed) {
    std::printf("%s confirmed\n", std::string(to_text(verb)).c_str());
  }
  if (confirmed) return 0;
  std::fprintf(stderr,
               "earshot: %s asked for, and not confirmed within %d s; earshot calls %s tells what "
               "comes of it\n",
               std::string(to_text(verb)).c_str(), options.wait_seconds, options.call.c_str());
  return not_confirmed;
}

Task<int> steer(ApiClient& client, CallsPauseOptions options, PauseVerb verb) {
  auto recording = co_await find_recording(client, options.call);
  if (!recording) co_return report(recording.error());
  auto call = co_await find_call(client, *recording);
  if (!call) co_return report(call.error());
  auto journal = co_await ask(client, *call + "/journal");
  if (!journal) co_return report(journal.error());
  const auto path =
      fmt::format("/api/v1/recordings/{}/{}", net::percent_encode(*recording), to_text(verb));
  auto body = co_await client.post(path, "");
  if (!body) co_return report(body.error());
  if (!options.no_wait) {
    auto outcome = co_await wait_for(client, *call, verb, last_entry(*journal),
                                     std::chrono::seconds(options.wait_seconds));
    if (!outcome) co_return report(outcome.error());
    co_return tell(options, verb, *recording, *outcome);
  }
  if (options.common.json)
    std::printf("%s\n", body->c_str());
  else
    std::printf("%s asked for; earshot calls %s tells what came of it\n",
                std::string(to_text(verb)).c_str(), options.call.c_str());
  co_return 0;
}

}  // namespace

Task<int> run_calls_pause(ApiClient& client, CallsPauseOptions options) {
  return steer(client, std::move(options), PauseVerb::pause);
}

Task<int> run_calls_resume(ApiClient& client, CallsPauseOptions options) {
  return steer(client, std::move(options), PauseVerb::resume);
}

}  // namespace earshot::cli
