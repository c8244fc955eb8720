#include "api/link_routes.hpp"

#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::api {
namespace {

namespace json = boost::json;

constexpr std::array<LinkTo, 4> all_links{LinkTo::audio, LinkTo::merge, LinkTo::chunk,
                                          LinkTo::metadata};
// Chunks and merges have numbers that are far below it.
constexpr std::int64_t number_max = 1'000'000'000;

// A channel's number may come as a number.
std::optional<std::string> word_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_int64() && value.get_int64() >= 0) return std::to_string(value.get_int64());
  return std::nullopt;
}

std::optional<std::int64_t> number_of(const json::value& value, std::int64_t low) {
  if (!value.is_int64() || value.get_int64() < low || value.get_int64() > number_max)
    return std::nullopt;
  return value.get_int64();
}

Failure wrong(std::string_view message) { return fail(ErrorKind::invalid, std::string(message)); }

Result<void> read_audio(LinkRequest& request, std::string_view name, const json::value& member) {
  const auto word = word_of(member);
  if (name == "source") {
    const auto source = word ? recording::parse_audio_source(*word) : std::nullopt;
    if (!source) return wrong("source takes acs, repaired or tap");
    request.audio.source = *source;
    return ok();
  }
  const auto channels = word ? recording::parse_channel_choice(*word) : std::nullopt;
  if (!channels)
    return wrong("channels takes all, caller, assistant, mixed, or a channel's number");
  request.audio.channels = *channels;
  return ok();
}

// What belongs to the kind of link; false: nothing of that name does.
Result<bool> read_own(LinkRequest& request, std::string_view name, const json::value& member) {
  switch (request.to) {
    case LinkTo::audio:
      if (name != "source" && name != "channels") return false;
      if (auto read = read_audio(request, name, member); !read) return Failure(read.error());
      return true;
    case LinkTo::merge: {
      if (name != "number") return false;
      const auto number = number_of(member, 1);
      if (!number) return wrong("number takes a merge's number, from 1");
      request.merge = static_cast<int>(*number);
      return true;
    }
    case LinkTo::chunk:
    case LinkTo::metadata: {
      if (name != "chunkIndex") return false;
      const auto index = number_of(member, 0);
      if (!index) return wrong("chunkIndex takes a chunk's index, from 0");
      request.chunk.value = static_cast<std::uint32_t>(*index);
      return true;
    }
  }
  return false;
}

Result<LinkTo> kind_of(const json::object& body) {
  const auto* what = body.if_contains("what");
  if (what == nullptr) return LinkTo::audio;
  for (const LinkTo to : all_links)
    if (what->is_string() && what->get_string() == json::string_view(to_text(to))) return to;
  return wrong("what takes audio, merge, chunk or metadata");
}

// Which of several is meant must be said.
Result<void> check_whole(const LinkRequest& request, const json::object& body) {
  if (request.to == LinkTo::merge && !body.contains("number"))
    return wrong("a link to a merge takes its number");
  const bool of_chunk = request.to == LinkTo::chunk || request.to == LinkTo::metadata;
  if (of_chunk && !body.contains("chunkIndex"))
    return wrong("a link to a chunk takes its chunkIndex");
  return ok();
}

}  // namespace

Result<LinkRequest> parse_link_request(std::string_view text) {
  LinkRequest request;
  if (text.empty()) return request;
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error) return fail(ErrorKind::invalid, "the body is no JSON: " + error.message());
  if (!value.is_object()) return wrong("the body is a JSON object with what is to be linked");
  const auto& body = value.get_object();
  const auto kind = kind_of(body);
  if (!kind) return Failure(kind.error());
  request.to = *kind;
  for (const auto& [name, member] : body) {
    if (name == "what") continue;
    if (name == "expiresInSeconds") {
      const auto seconds = number_of(member, 1);
      if (!seconds) return wrong("expiresInSeconds takes a whole number from 1");
      request.life = std::chrono::seconds(*seconds);
      continue;
    }
    const auto own = read_own(request, name, member);
    if (!own) return Failure(own.error());
    if (!*own)
      return fail(ErrorKind::invalid,
                  fmt::format("a link to {} takes no such member", to_text(request.to)));
  }
  if (auto whole = check_whole(request, body); !whole) return Failure(whole.error());
  return request;
}

std::string link_json(const RecordingId& recording, LinkTo to, const BlobLink& link) {
  return json::serialize(json::object{{"recordingId", recording.text},
                                      {"what", json::string_view(to_text(to))},
                                      {"url", link.url.reveal()},
                                      {"expiresAt", to_iso8601(link.expires_at)}});
}

}  // namespace earshot::api
