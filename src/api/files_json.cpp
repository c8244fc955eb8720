#include "api/file_routes.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> states{"waiting", "fetched", "not_needed", "expired"};

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}

double hours(Duration duration) {
  return std::max(0.0, std::chrono::duration<double, std::ratio<3600>>(duration).count());
}

}  // namespace

std::string files_json(const std::vector<RecordingFile>& files, WallTime now) {
  json::array items;
  for (const auto& [told, fetch] : files)
    items.push_back({{"chunkIndex", told.index.value},
                     {"documentId", told.document_id},
                     {"endReason", told.end_reason},
                     {"toldAt", to_iso8601(told.told_at)},
                     {"expiresAt", to_iso8601(told.expires_at)},
                     {"hoursLeft", hours(told.expires_at - now)},
                     {"state", states.at(static_cast<std::size_t>(fetch.state))},
                     {"audio", fetch.audio.text},
                     {"metadata", fetch.metadata.text},
                     {"bytes", fetch.bytes},
                     {"blocks", fetch.block_hashes.size()},
                     {"sha256", fetch.sha256},
                     {"attempts", fetch.attempts},
                     {"lastError", fetch.last_error},
                     {"fetchedAt", time_or_null(fetch.fetched_at)},
                     {"deletedAt", time_or_null(fetch.deleted_at)}});
  return json::serialize(json::object{{"files", std::move(items)}});
}

std::string replay_json(const ReplayOutcome& outcome) {
  json::array rejected;
  for (const auto& why : outcome.rejected) rejected.push_back(json::value(why));
  return json::serialize(json::object{{"stored", outcome.stored},
                                      {"duplicate", outcome.duplicate},
                                      {"unknownCall", outcome.unknown_call},
                                      {"rejected", std::move(rejected)}});
}

}  // namespace earshot::api
