#include "api/query.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::api {
namespace {

Result<int> limit_of(const net::HttpRequest& request, int most = page_size_max) {
  const auto text = request.query("limit");
  if (!text) return page_size_default;
  int limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > most)
    return fail(ErrorKind::invalid, fmt::format("limit takes a whole number from 1 to {}", most));
  return limit;
}

Result<std::optional<WallTime>> time_of(const net::HttpRequest& request, const char* name) {
  const auto text = request.query(name);
  if (!text) return std::optional<WallTime>{};
  const auto time = parse_iso8601(*text);
  if (!time)
    return fail(ErrorKind::invalid,
                fmt::format("{} takes a time such as 2026-03-02T09:15:30Z", name));
  return time;
}

Result<std::optional<CallPhase>> phase_of(const net::HttpRequest& request) {
  const auto text = request.query("state");
  if (!text) return std::optional<CallPhase>{};
  for (const auto& [word, phase] :
       {std::pair{"ringing", CallPhase::ringing}, std::pair{"answering", CallPhase::answering},
        std::pair{"connected", CallPhase::connected}, std::pair{"ended", CallPhase::ended},
        std::pair{"not_answered", CallPhase::not_answered}})
    if (*text == word) return std::optional<CallPhase>(phase);
  return fail(ErrorKind::invalid,
              "state takes ringing, answering, connected, ended or not_answered");
}

Result<std::optional<Discovery>> discovery_of(const net::HttpRequest& request) {
  const auto text = request.query("discovery");
  if (!text) return std::optional<Discovery>{};
  for (const auto& [word, discovery] :
       {std::pair{"not_started", Discovery::not_started},
        std::pair{"searching", Discovery::searching}, std::pair{"found", Discovery::found},
        std::pair{"incomplete", Discovery::incomplete}, std::pair{"missing", Discovery::missing}})
    if (*text == word) return std::optional<Discovery>(discovery);
  return fail(ErrorKind::invalid,
              "discovery takes not_started, searching, found, incomplete or missing");
}

// What all lists share that are of a time.
template <class Query>
Result<void> fill_span(const net::HttpRequest& request, Query& query, int limit_most) {
  auto limit = limit_of(request, limit_most);
  if (!limit) return Failure(limit.error());
  auto from = time_of(request, "from");
  if (!from) return Failure(from.error());
  auto to = time_of(request, "to");
  if (!to) return Failure(to.error());
  query.limit = *limit;
  query.from = *from;
  query.to = *to;
  return ok();
}

template <class Query>
Result<void> fill_page(const net::HttpRequest& request, Query& query) {
  query.before_id = request.query("before").value_or("");
  return fill_span(request, query, page_size_max);
}

}  // namespace

Result<CallQuery> parse_call_query(const net::HttpRequest& request) {
  CallQuery query;
  if (auto filled = fill_page(request, query); !filled) return Failure(filled.error());
  auto phase = phase_of(request);
  if (!phase) return Failure(phase.error());
  query.phase = *phase;
  return query;
}

Result<RecordingQuery> parse_recording_query(const net::HttpRequest& request) {
  RecordingQuery query;
  if (auto filled = fill_page(request, query); !filled) return Failure(filled.error());
  auto discovery = discovery_of(request);
  if (!discovery) return Failure(discovery.error());
  query.discovery = *discovery;
  return query;
}

Result<TranscriptQuery> parse_transcript_query(const net::HttpRequest& request) {
  TranscriptQuery query{.text = request.query("q").value_or("")};
  constexpr std::string_view blanks = " \t\r\n";
  query.text.erase(0, std::min(query.text.find_first_not_of(blanks), query.text.size()));
  query.text.erase(query.text.find_last_not_of(blanks) + 1);
  if (query.text.empty()) return fail(ErrorKind::invalid, "q takes the text to search for");
  if (auto filled = fill_span(request, query, search_limit_max); !filled)
    return Failure(filled.error());
  query.cursor = request.query("cursor").value_or("");
  return query;
}

Result<AlertQuery> parse_alert_query(const net::HttpRequest& request) {
  AlertQuery query;
  auto limit = limit_of(request);
  if (!limit) return Failure(limit.error());
  query.limit = *limit;
  query.call.text = request.query("call").value_or("");
  query.before_id = request.query("before").value_or("");
  const auto state = request.query("state");
  if (!state) return query;
  for (const auto& [word, meant] :
       {std::pair{"waiting", AlertState::waiting}, std::pair{"delivered", AlertState::delivered},
        std::pair{"dead", AlertState::dead}, std::pair{"kept", AlertState::kept}})
    if (*state == word) query.state = meant;
  if (!query.state) return fail(ErrorKind::invalid, "state takes waiting, delivered, dead or kept");
  return query;
}

Result<std::optional<int>> parse_verdict_number(const net::HttpRequest& request) {
  const auto text = request.query("number");
  if (!text) return std::optional<int>{};
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < 1)
    return fail(ErrorKind::invalid, "number takes a verdict's number, from 1 on");
  return std::optional<int>(number);
}

}  // namespace earshot::api
