#include "api/merge_routes.hpp"

#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> states{"waiting", "running", "done", "failed"};

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}

json::value result_of(const Merge& merge) {
  if (merge.state != MergeState::done) return nullptr;
  return json::object{{"blob", merge.blob.text},
                      {"bytes", merge.bytes_total},
                      {"sha256", merge.sha256},
                      {"contentType", merge.content_type},
                      {"sampleRateHz", merge.format.sample_rate_hz},
                      {"channels", merge.format.channels},
                      {"bitsPerSample", merge.format.bits_per_sample}};
}

json::object object_of(const Merge& merge) {
  return {{"recordingId", merge.recording.text},
          {"number", merge.number},
          {"source", merge.source},
          {"channels", merge.channels.empty() ? "all" : merge.channels},
          {"state", states.at(static_cast<std::size_t>(merge.state))},
          {"requestedAt", to_iso8601(merge.requested_at)},
          {"startedAt", time_or_null(merge.started_at)},
          {"finishedAt", time_or_null(merge.finished_at)},
          {"bytesDone", merge.bytes_done},
          {"bytesTotal", merge.bytes_total},
          {"failedAttempts", merge.attempts},
          {"error", merge.error.empty() ? json::value(nullptr) : json::value(merge.error)},
          {"result", result_of(merge)}};
}

// A channel's number may come as a number.
std::optional<std::string> word_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64() && value.get_int64() >= 0) return std::to_string(value.get_int64());
  return std::nullopt;
}

}  // namespace

Result<recording::AudioRequest> parse_merge_request(std::string_view body) {
  recording::AudioRequest request;
  if (body.empty()) return request;
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  if (error) return fail(ErrorKind::invalid, "the body is no JSON: " + error.message());
  if (!value.is_object())
    return fail(ErrorKind::invalid, "the body is a JSON object with source and channels");
  for (const auto& [name, member] : value.get_object()) {
    const auto word = word_of(member);
    if (name == "source") {
      const auto source = word ? recording::parse_audio_source(*word) : std::nullopt;
      if (!source) return fail(ErrorKind::invalid, "source takes acs, repaired or tap");
      request.source = *source;
    } else if (name == "channels") {
      const auto channels = word ? recording::parse_channel_choice(*word) : std::nullopt;
      if (!channels)
        return fail(ErrorKind::invalid,
                    "channels takes all, caller, assistant, mixed, or a channel's number");
      request.channels = *channels;
    } else {
      return fail(ErrorKind::invalid, "the body has source and channels, and no other member");
    }
  }
  return request;
}

std::string merge_json(const Merge& merge) { return json::serialize(object_of(merge)); }

std::string merges_json(const std::vector<Merge>& merges) {
  json::array items;
  for (const auto& merge : merges) items.push_back(object_of(merge));
  return json::serialize(json::object{{"merges", std::move(items)}});
}

}  // namespace earshot::api
