#include "api/import_routes.hpp"

#include "api/problem.hpp"
#include "api/query.hpp"

#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <utility>

namespace earshot::api {
namespace {

constexpr std::size_t request_bytes_max = 4 << 10;
constexpr int offset_max = 1'000'000;

Result<int> whole_number(const net::HttpRequest& request, const char* name, int usual, int least,
                         int most) {
  const auto text = request.query(name);
  if (!text) return usual;
  int number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least || number > most)
    return fail(ErrorKind::invalid,
                fmt::format("{} takes a whole number from {} to {}", name, least, most));
  return number;
}

Result<ImportItemQuery> parse_item_query(const net::HttpRequest& request) {
  ImportItemQuery query{.of = {std::string(request.path_parameter("id"))}};
  const auto limit = whole_number(request, "limit", page_size_default, 1, page_size_max);
  if (!limit) return Failure(limit.error());
  const auto offset = whole_number(request, "offset", 0, 0, offset_max);
  if (!offset) return Failure(offset.error());
  query.limit = *limit;
  query.offset = *offset;
  const auto text = request.query("outcome");
  if (!text) return query;
  for (const auto& [word, outcome] :
       {std::pair{"adopted", ImportOutcome::adopted}, std::pair{"updated", ImportOutcome::updated},
        std::pair{"known", ImportOutcome::known}, std::pair{"searched", ImportOutcome::searched},
        std::pair{"refused", ImportOutcome::refused}, std::pair{"left", ImportOutcome::left}})
    if (*text == word) query.outcome = outcome;
  if (!query.outcome)
    return fail(ErrorKind::invalid,
                "outcome takes adopted, updated, known, searched, refused or left");
  return query;
}

}  // namespace

ImportRoutes::ImportRoutes(recording::Imports& imports, Secret api_key, Counters& counters,
                           Log& log)
    : imports_(imports), access_(std::move(api_key), counters), log_(log) {}

void ImportRoutes::add_routes(net::Router& router,
                              const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
  using Member = Task<net::HttpResponse> (ImportRoutes::*)(net::HttpRequest);
  const auto guarded = [&](Member member) {
    return wrap(access_.guard(
        [this, member](net::HttpRequest request) { return (this->*member)(std::move(request)); }));
  };
  router.add("POST", "/api/v1/imports", guarded(&ImportRoutes::request_import),
             {.body_bytes_max = request_bytes_max});
  router.add("GET", "/api/v1/imports", guarded(&ImportRoutes::list_imports));
  router.add("GET", "/api/v1/imports/{id}", guarded(&ImportRoutes::show_import));
}

// 202 with the import that was queued, or 200 with the one for the same dates that is not over yet;
// Location names it. 400 for dates that are none, 429 when too many wait.
Task<net::HttpResponse> ImportRoutes::request_import(net::HttpRequest request) {
  const auto wanted = parse_import_request(request.body);
  if (!wanted) co_return problem(wanted.error());
  auto requested = co_await imports_.request(*wanted);
  if (!requested && requested.error().status == 429) {
    auto refused = problem(429, "too_many_imports", requested.error().message);
    refused.headers.set("Retry-After", fmt::format("{}", requested.error().retry_after_ms / 1000));
    co_return refused;
  }
  if (!requested) co_return problem(requested.error());
  log_.info("import requested", {{"import", requested->made.id.text}, {"peer", request.peer}});
  auto response = net::json_response(requested->is_new ? 202 : 200, import_json(requested->made));
  response.headers.set("Location", "/api/v1/imports/" + requested->made.id.text);
  co_return response;
}

Task<net::HttpResponse> ImportRoutes::list_imports(net::HttpRequest request) {
  const auto limit = whole_number(request, "limit", page_size_default, 1, page_size_max);
  if (!limit) co_return problem(limit.error());
  auto imports = co_await imports_.list(*limit);
  if (!imports) co_return problem(imports.error());
  co_return net::json_response(200, imports_json(*imports));
}

// The folders in the order in which they were taken; those that were known are left out unless
// asked for. 404 when there is no such import.
Task<net::HttpResponse> ImportRoutes::show_import(net::HttpRequest request) {
  auto query = parse_item_query(request);
  if (!query) co_return problem(query.error());
  auto shown = co_await imports_.find(query->of);
  if (!shown) co_return problem(shown.error());
  auto items = co_await imports_.items(std::move(*query));
  if (!items) co_return problem(items.error());
  co_return net::json_response(200, import_json(*shown, *items));
}

}  // namespace earshot::api
