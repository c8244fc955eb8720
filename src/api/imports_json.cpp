#include "api/import_routes.hpp"

#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> states{"waiting", "running", "done", "failed"};
constexpr std::array<std::string_view, 6> outcomes{"adopted",  "updated", "known",
                                                   "searched", "refused", "left"};

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object object_of(const Import& shown) {
  const auto& counts = shown.counts;
  return {{"importId", shown.id.text},
          {"from", to_compact_date(shown.from)},
          {"to", to_compact_date(shown.to)},
          {"dryRun", shown.dry_run},
          {"state", states.at(static_cast<std::size_t>(shown.state))},
          {"date", to_compact_date(shown.date)},
          {"requestedAt", to_iso8601(shown.requested_at)},
          {"startedAt", time_or_null(shown.started_at)},
          {"finishedAt", time_or_null(shown.finished_at)},
          {"adopted", counts.adopted},
          {"updated", counts.updated},
          {"known", counts.known},
          {"searched", counts.searched},
          {"refused", counts.refused},
          {"left", counts.left},
          {"files", counts.files},
          {"otherBlobs", shown.other_blobs},
          {"requests", shown.requests},
          {"bytesRead", shown.bytes_read},
          {"failedAttempts", shown.attempts},
          {"error", text_or_null(shown.error)}};
}

json::object object_of(const ImportItem& item) {
  return {{"folder", item.folder},
          {"outcome", outcomes.at(static_cast<std::size_t>(item.outcome))},
          {"recordingId", text_or_null(item.recording.text)},
          {"contextId", text_or_null(item.call.text)},
          {"files", item.files},
          {"detail", item.detail},
          {"at", to_iso8601(item.at)}};
}

Result<WallTime> date_of(std::string_view name, const json::value& value) {
  const auto wrong =
      fail(ErrorKind::invalid, fmt::format("{} takes a date such as 20250801", name));
  if (!value.is_string()) return wrong;
  std::string text(value.get_string());
  if (text.size() == 8) text.insert(4, "-").insert(7, "-");
  if (text.size() != 10) return wrong;
  const auto time = parse_iso8601(text + "T00:00:00Z");
  if (!time) return wrong;
  return *time;
}

}  // namespace

Result<recording::ImportRequest> parse_import_request(std::string_view body) {
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  if (error) return fail(ErrorKind::invalid, "the body is no JSON: " + error.message());
  if (!value.is_object() || !value.get_object().contains("from"))
    return fail(ErrorKind::invalid, "the body is a JSON object with from, to and dryRun");
  recording::ImportRequest request;
  for (const auto& [name, member] : value.get_object()) {
    if (name == "dryRun" && member.is_bool()) {
      request.dry_run = member.get_bool();
    } else if (name == "dryRun") {
      return fail(ErrorKind::invalid, "dryRun takes true or false");
    } else if (name == "from" || (name == "to" && !member.is_null())) {
      const auto date = date_of(name, member);
      if (!date) return Failure(date.error());
      (name == "from" ? request.from : request.to.emplace()) = *date;
    } else if (name != "to") {
      return fail(ErrorKind::invalid, "the body has from, to and dryRun, and no other member");
    }
  }
  return request;
}

std::string import_json(const Import& shown) { return json::serialize(object_of(shown)); }

std::string import_json(const Import& shown, const std::vector<ImportItem>& items) {
  auto object = object_of(shown);
  json::array listed;
  listed.reserve(items.size());
  for (const auto& item : items) listed.push_back(object_of(item));
  object["items"] = std::move(listed);
  return json::serialize(object);
}

std::string imports_json(const std::vector<Import>& imports) {
  json::array listed;
  listed.reserve(imports.size());
  for (const auto& one : imports) listed.push_back(object_of(one));
  return json::serialize(json::object{{"imports", std::move(listed)}});
}

}  // namespace earshot::api
