#include "cli/recording_name.hpp"

#include "base/random.hpp"
#include "cli/output_json.hpp"
#include "net/url.hpp"

namespace earshot::cli {

Task<Result<std::string>> find_recording(ApiClient& client, std::string name) {
  if (!is_uuid(name)) co_return name;
  auto body = co_await client.get("/api/v1/calls/" + net::percent_encode(name));
  if (!body) co_return Failure(body.error());
  auto call = parse_answer(*body);
  if (!call) co_return Failure(call.error());
  const auto& recordings = items(*call, "recordings");
  if (recordings.empty() || !recordings.back().is_object())
    co_return fail(ErrorKind::not_found, "the call has no recording");
  co_return cell(recordings.back().get_object(), "recordingId");
}

}  // namespace earshot::cli
