#pragma once
// Query parameters of the API's lists, checked.

#include "base/result.hpp"
#include "net/http_message.hpp"
#include "ports/alert_store.hpp"
#include "ports/call_store.hpp"
#include "ports/transcript_search.hpp"

#include <optional>

namespace earshot::api {

inline constexpr int page_size_default = 50;
inline constexpr int page_size_max = 500;

// state, from, to, before, limit. `invalid` names the parameter and what it takes.
Result<CallQuery> parse_call_query(const net::HttpRequest& request);
// discovery, from, to, before, limit
Result<RecordingQuery> parse_recording_query(const net::HttpRequest& request);
// q, from, to, limit, cursor; q without blanks around it
Result<TranscriptQuery> parse_transcript_query(const net::HttpRequest& request);
// state, call, before, limit
Result<AlertQuery> parse_alert_query(const net::HttpRequest& request);
// number, of a verdict; nullopt: the newest
Result<std::optional<int>> parse_verdict_number(const net::HttpRequest& request);

}  // namespace earshot::api
