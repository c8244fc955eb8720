#include "api/transcript_routes.hpp"
#include "domain/snippet.hpp"
#include "domain/words.hpp"

#include <boost/json.hpp>

namespace earshot::api {
namespace {

namespace json = boost::json;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

}  // namespace

std::string transcript_page_json(const TranscriptPage& page, const std::string& searched) {
  json::array hits;
  for (const auto& hit : page.hits) {
    const auto snippet = make_snippet(hit.text, searched);
    hits.push_back({{"contextId", hit.call.text},
                    {"receivedAt", to_iso8601(hit.received_at)},
                    {"speaker", to_text(hit.speaker)},
                    {"startSeconds", seconds(hit.start)},
                    {"endSeconds", seconds(hit.end)},
                    {"itemId", hit.item_id},
                    {"snippet", snippet.text},
                    {"matchFromByte", snippet.match_from},
                    {"matchBytes", snippet.match_bytes}});
  }
  json::object shown{{"hits", std::move(hits)}};
  shown["next"] = page.next.empty() ? json::value(nullptr) : json::value(page.next);
  return json::serialize(shown);
}

}  // namespace earshot::api
