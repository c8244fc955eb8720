#include "base/utf8.hpp"
#include "recording/erasure_receipt.hpp"
#include "recording/manifest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::recording {
namespace {

namespace json = boost::json;

constexpr std::string_view format_name = "earshot erasure receipt";
constexpr int format_version = 1;

// What is stored as text is the same text again: a name with a broken byte would change under the
// signature.
json::value text_value(std::string_view text) {
  std::string whole;
  whole.reserve(text.size());
  while (!text.empty()) {
    const auto character = first_character(text);
    append_character(whole, character.bytes == 0 ? replacement_character : character.code);
    text.remove_prefix(character.bytes == 0 ? 1 : character.bytes);
  }
  return json::value(whole);
}

json::object show(const ErasedBlob& blob) {
  json::object out{
      {"name", text_value(blob.name)}, {"bytes", blob.bytes}, {"etag", text_value(blob.etag)}};
  if (blob.sha256.empty()) {
    out["sha256"] = nullptr;
    out["sha256Reason"] = text_value(blob.hash_note);
  } else {
    out["sha256"] = blob.sha256;
    out["sha256From"] = text_value(blob.hash_note);
  }
  return out;
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
  for (const auto& name : call.left) left.push_back(text_value(name));
  return {{"contextId", text_value(call.call.text)},
          {"state", to_text(call.state)},
          {"reason", text_value(call.why)},
          {"blobs", std::move(blobs)},
          {"rows", std::move(rows)},
          {"unknownBlobs", std::move(left)}};
}

Failure unreadable(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the receipt cannot be read: {}", what));
}

bool take(const json::object& object, std::string_view name, std::string& text) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return false;
  text = std::string(value->get_string());
  return true;
}

const json::array* list(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? &value->get_array() : nullptr;
}

bool count(const json::value& call, ErasureClaims& claims) {
  if (!call.is_object()) return false;
  std::string state;
  const auto* blobs = list(call.get_object(), "blobs");
  if (!take(call.get_object(), "state", state) || blobs == nullptr) return false;
  claims.calls_erased += state == to_text(ErasureState::erased) ? 1 : 0;
  claims.calls_refused += state == to_text(ErasureState::refused) ? 1 : 0;
  claims.blobs += blobs->size();
  for (const auto& blob : *blobs) {
    std::string sha256;
    if (!blob.is_object()) return false;
    claims.blobs_with_hash += take(blob.get_object(), "sha256", sha256) ? 1 : 0;
  }
  return true;
}

}  // namespace

std::string erasure_receipt_text(const Erasure& erasure, std::string_view software) {
  json::array calls;
  for (const auto& call : erasure.calls) calls.push_back(show(call));
  return json::serialize(json::object{
      {"format", format_name},
      {"formatVersion", format_version},
      {"id", erasure.id.text},
      {"number", erasure.number},
      {"addsTo",
       erasure.adds_to.empty() ? json::value(nullptr) : json::value(erasure.adds_to.text)},
      {"at", to_iso8601(erasure.at)},
      {"finishedAt", erasure.finished_at ? json::value(to_iso8601(*erasure.finished_at)) : nullptr},
      {"callerKey", erasure.caller_key},
      {"calls", std::move(calls)},
      {"software", text_value(software)}});
}

Result<ErasureClaims> read_erasure_claims(std::string_view text) {
  boost::system::error_code error;
  const auto value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return unreadable("it is no JSON object");
  const auto& object = value.get_object();
  std::string format;
  const auto* version = object.if_contains("formatVersion");
  if (!take(object, "format", format) || format != format_name || version == nullptr ||
      !version->is_int64() || version->get_int64() != format_version)
    return unreadable("its format is another one than is known here");
  ErasureClaims claims;
  if (!take(object, "id", claims.id) || !take(object, "callerKey", claims.caller_key) ||
      !take(object, "finishedAt", claims.finished_at) || !take(object, "software", claims.software))
    return unreadable("id, callerKey, finishedAt or software");
  const auto* calls = list(object, "calls");
  if (calls == nullptr) return unreadable("calls");
  for (const auto& call : *calls)
    if (!count(call, claims)) return unreadable("a call in it");
  return claims;
}

Result<ErasureClaims> check_erasure_receipt(std::string_view signed_text,
                                            std::span<const Bytes> keys) {
  const auto text = check_signed("receipt", signed_text, keys);
  if (!text) return Failure(text.error());
  return read_erasure_claims(*text);
}

}  // namespace earshot::recording
