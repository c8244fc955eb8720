#include "api/retention_routes.hpp"
#include "domain/words.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>
#include <utility>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::size_t text_bytes_max = 2'000;

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_iso8601(*time)) : json::value(nullptr);
}

json::object show(const recording::RetentionAct& act) {
  json::object object{{"object", to_text(act.kind)},
                      {"name", act.name},
                      {"bytes", act.bytes},
                      {"action", to_text(act.action)},
                      {"rule", act.rule}};
  if (!act.error.empty()) object["error"] = act.error;
  return object;
}

json::object show(const recording::CallRetention& call) {
  json::array acts;
  for (const auto& act : call.acts) acts.push_back(show(act));
  json::array unknown;
  for (const auto& name : call.unknown) unknown.push_back(json::value(name));
  return {{"contextId", call.call.text},
          {"endedAt", to_iso8601(call.ended_at)},
          {"verdict", call.verdict ? json::value(to_text(*call.verdict)) : json::value(nullptr)},
          {"barredBy", to_text(call.bar)},
          {"steps", std::move(acts)},
          {"unknownBlobs", std::move(unknown)},
          {"tags", to_text(call.tags)},
          {"legalHold", to_text(call.legal_hold)},
          {"nextAt", time_or_null(call.next_at)}};
}

json::object show(const LegalHold& hold) {
  return {{"id", hold.id.text},
          {"contextId", hold.call.text},
          {"who", hold.who},
          {"why", hold.why},
          {"since", to_iso8601(hold.since)},
          {"liftedAt", time_or_null(hold.lifted_at)},
          {"liftedBy", hold.lifted_by}};
}

// Of a dry run nothing is told of hashes: nothing was read.
json::object show(const ErasedBlob& blob) {
  json::object object{{"name", blob.name}, {"bytes", blob.bytes}, {"etag", blob.etag}};
  if (blob.hash_note.empty()) return object;
  const bool is_known = !blob.sha256.empty();
  object["sha256"] = is_known ? json::value(blob.sha256) : json::value(nullptr);
  object[is_known ? "sha256From" : "sha256Reason"] = blob.hash_note;
  return object;
}

json::object show(const ErasedCall& call) {
  json::array blobs;
  for (const auto& blob : call.blobs) blobs.push_back(show(blob));
  json::object rows;
  for (const auto& count : call.rows) {
    const auto* counted = rows.if_contains(count.table);
    rows[count.table] = count.rows + (counted != nullptr ? counted->as_int64() : 0);
  }
  json::array left;
  for (const auto& name : call.left) left.push_back(json::value(name));
  return {{"contextId", call.call.text}, {"state", to_text(call.state)},
          {"reason", call.why},          {"blobs", std::move(blobs)},
          {"rows", std::move(rows)},     {"unknownBlobs", std::move(left)}};
}

json::object show(const Erasure& erasure, bool dry_run) {
  json::array calls;
  for (const auto& call : erasure.calls) calls.push_back(show(call));
  return {{"id", erasure.id.text},
          {"number", erasure.number},
          {"addsTo",
           erasure.adds_to.empty() ? json::value(nullptr) : json::value(erasure.adds_to.text)},
          {"dryRun", dry_run},
          {"at", to_iso8601(erasure.at)},
          {"callerKey", erasure.caller_key},
          {"finishedAt", time_or_null(erasure.finished_at)},
          {"calls", std::move(calls)}};
}

Result<json::object> object_of(std::string_view body) {
  if (body.empty()) return json::object{};
  boost::system::error_code error;
  auto value = json::parse(body, error);
  if (error || !value.is_object()) return fail(ErrorKind::invalid, "the body is no JSON object");
  return std::move(value.get_object());
}

Failure unknown_member(std::string_view name) {
  return fail(ErrorKind::invalid,
              fmt::format("the body has a member \"{}\", which means nothing here", name));
}

bool take(const json::value& value, std::string& text) {
  if (!value.is_string() || value.get_string().size() > text_bytes_max) return false;
  text = std::string(value.get_string());
  return true;
}

}  // namespace

Result<RetentionRunRequest> parse_retention_run(std::string_view body) {
  auto object = object_of(body);
  if (!object) return Failure(object.error());
  RetentionRunRequest wanted;
  for (const auto& [key, value] : *object) {
    if (key == "limit" && value.is_int64() && value.get_int64() > 0 &&
        value.get_int64() < 1'000'000)
      wanted.limit = static_cast<int>(value.get_int64());
    else if (key == "dryRun" && value.is_bool())
      wanted.dry_run = value.get_bool();
    else
      return unknown_member(key);
  }
  return wanted;
}

Result<HoldRequest> parse_hold_request(std::string_view body, bool needs_why) {
  auto object = object_of(body);
  if (!object) return Failure(object.error());
  HoldRequest wanted;
  for (const auto& [key, value] : *object) {
    const bool taken =
        (key == "who" && take(value, wanted.who)) || (key == "why" && take(value, wanted.why));
    if (!taken) return unknown_member(key);
  }
  if (wanted.who.empty()) return fail(ErrorKind::invalid, "the body must say who asks for it");
  if (needs_why && wanted.why.empty())
    return fail(ErrorKind::invalid, "the body must say why the call is to be held");
  return wanted;
}

Result<ErasureRequest> parse_erasure_request(std::string_view body) {
  auto object = object_of(body);
  if (!object) return Failure(object.error());
  ErasureRequest wanted;
  for (const auto& [key, value] : *object) {
    if (key == "caller" && take(value, wanted.caller)) continue;
    if (key != "dryRun" || !value.is_bool()) return unknown_member(key);
    wanted.dry_run = value.get_bool();
  }
  if (wanted.caller.empty())
    return fail(ErrorKind::invalid, "the body must name the caller, as +81312345678");
  return wanted;
}

std::string retention_report_json(const recording::RetentionReport& report) {
  json::array calls;
  for (const auto& call : report.calls) calls.push_back(show(call));
  return json::serialize(json::object{{"dryRun", report.dry_run},
                                      {"callsLookedAt", report.looked_at},
                                      {"callsPutOff", report.put_off},
                                      {"more", report.more},
                                      {"calls", std::move(calls)}});
}

std::string lifecycle_policy_json(const recording::LifecyclePolicy& policy,
                                  recording::TagRights rights) {
  json::array notes;
  for (const auto& note : policy.notes) notes.push_back(json::value(note));
  return json::serialize(json::object{{"policy", json::parse(policy.json)},
                                      {"notes", std::move(notes)},
                                      {"tagRights", to_text(rights)}});
}

std::string hold_json(const LegalHold& hold, const recording::CallRetention* marks) {
  auto object = show(hold);
  if (marks != nullptr) {
    object["tags"] = to_text(marks->tags);
    object["legalHold"] = to_text(marks->legal_hold);
  }
  return json::serialize(object);
}

std::string holds_json(const std::vector<LegalHold>& holds) {
  json::array items;
  for (const auto& hold : holds) items.push_back(show(hold));
  return json::serialize(json::object{{"holds", std::move(items)}});
}

std::string erasure_json(const Erasure& erasure, bool dry_run) {
  return json::serialize(show(erasure, dry_run));
}

std::string erasures_json(const std::vector<Erasure>& erasures) {
  json::array items;
  for (const auto& erasure : erasures) items.push_back(show(erasure, false));
  return json::serialize(json::object{{"erasures", std::move(items)}});
}

}  // namespace earshot::api
