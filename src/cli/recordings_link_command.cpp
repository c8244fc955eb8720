// earshot recordings link ID [--source acs|repaired|tap] [--channels …] [--chunk N [--metadata]]
//                            [--merge N] [--expires 15m]
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {
namespace {

std::string request_body(const RecordingsLinkOptions& options) {
  boost::json::object body;
  if (options.chunk) {
    body["what"] = options.metadata ? "metadata" : "chunk";
    body["chunkIndex"] = *options.chunk;
  } else if (options.merge) {
    body["what"] = "merge";
    body["number"] = *options.merge;
  } else {
    body["what"] = "audio";
    if (!options.source.empty()) body["source"] = options.source;
    if (!options.channels.empty()) body["channels"] = options.channels;
  }
  if (options.expires_s) body["expiresInSeconds"] = *options.expires_s;
  return boost::json::serialize(body);
}

}  // namespace

// The link alone goes to standard output, so that it can be piped on.
Task<int> run_recordings_link(ApiClient& client, RecordingsLinkOptions options) {
  auto recording = co_await find_recording(client, options.recording);
  if (!recording) co_return report(recording.error());
  auto body = co_await client.post(
      "/api/v1/recordings/" + net::percent_encode(*recording) + "/links", request_body(options));
  co_return show_answer(options.common.json, body, [](const boost::json::object& link) {
    std::printf("%s\n", cell(link, "url").c_str());
    std::fprintf(stderr, "whoever has it can read this until %s\n",
                 cell(link, "expiresAt").c_str());
  });
}

}  // namespace earshot::cli
