#include "api/transcript_routes.hpp"

#include "api/problem.hpp"
#include "api/query.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <utility>

namespace earshot::api {
namespace {

using recording::TranscriptFormat;

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return out;
}

// "text/vtt;q=0.9" -> "text/vtt"
std::string_view type_of(std::string_view range) {
  range = range.substr(0, range.find(';'));
  while (range.starts_with(' ') || range.starts_with('\t')) range.remove_prefix(1);
  while (range.ends_with(' ') || range.ends_with('\t')) range.remove_suffix(1);
  return range;
}

std::optional<TranscriptFormat> format_named(std::string_view type) {
  if (type == "application/json") return TranscriptFormat::json;
  if (type == "text/vtt") return TranscriptFormat::vtt;
  if (type == "application/x-subrip" || type == "text/srt" || type == "application/srt")
    return TranscriptFormat::srt;
  return std::nullopt;
}

}  // namespace

Result<TranscriptFormat> transcript_format_of(const net::HttpRequest& request) {
  if (const auto asked = request.query("format")) {
    const auto format = recording::parse_transcript_format(*asked);
    if (!format) return fail(ErrorKind::invalid, "format takes json, vtt or srt");
    return *format;
  }
  const std::string accepted = lower(request.headers.get("Accept"));
  std::string_view rest = accepted;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    if (const auto format = format_named(type_of(rest.substr(0, comma)))) return *format;
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  }
  return TranscriptFormat::json;
}

TranscriptRoutes::TranscriptRoutes(TranscriptRoutesServices services, Secret api_key)
    : services_(services),
      access_(std::move(api_key), services.counters),
      reader_(services.store) {}

void TranscriptRoutes::add_routes(net::Router& router,
                                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  router.add("GET", "/api/v1/calls/{id}/transcript",
             wrap(access_.guard([this](net::HttpRequest request) {
               return show_transcript(std::move(request));
             })));
  router.add(
      "GET", "/api/v1/transcripts/search",
      wrap(access_.guard([this](net::HttpRequest request) { return search(std::move(request)); })));
}

// 404 when there is no such call, or acs has no audio yet; 409 for repaired before the verdict.
Task<net::HttpResponse> TranscriptRoutes::show_transcript(net::HttpRequest request) {
  const ContextId id{std::string(request.path_parameter("id"))};
  const auto source = recording::parse_transcript_source(request.query("source").value_or(""));
  if (!source) co_return problem(400, "invalid", "source takes call, acs, repaired or tap");
  const auto format = transcript_format_of(request);
  if (!format) co_return problem(format.error());
  auto transcript = co_await reader_.read(id, *source);
  if (!transcript) co_return problem(transcript.error());
  services_.log.info("transcript read", {{"call", id.text},
                                         {"source", to_text(*source)},
                                         {"format", to_text(*format)},
                                         {"peer", request.peer}});
  net::HttpResponse response{.body = write_transcript(*transcript, *format)};
  response.headers.set("Content-Type", std::string(media_type(*format)));
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Vary", "Accept");
  co_return response;
}

// 400 for what the port calls invalid.
Task<net::HttpResponse> TranscriptRoutes::search(net::HttpRequest request) {
  auto query = parse_transcript_query(request);
  if (!query) co_return problem(query.error());
  const std::string searched = query->text;
  auto page = co_await services_.search.search_transcripts(std::move(*query));
  if (!page) co_return problem(page.error());
  services_.log.info("transcripts searched", {{"hits", page->hits.size()}, {"peer", request.peer}});
  auto response = net::json_response(200, transcript_page_json(*page, searched));
  response.headers.set("Cache-Control", "private, no-store");
  co_return response;
}

}  // namespace earshot::api
