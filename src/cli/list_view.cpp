#include "cli/list_view.hpp"

#include "cli/output_json.hpp"
#include "net/url.hpp"

#include <cstdio>

namespace earshot::cli {

std::string with_query(std::string path, const Parameters& parameters) {
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    path += separator + name + "=" + net::percent_encode(value);
    separator = '&';
  }
  return path;
}

Task<int> show_list(ApiClient& client, ListView view) {
  auto body = co_await client.get(std::move(view.path));
  if (!body) co_return report(body.error());
  if (view.json) {
    std::printf("%s\n", body->c_str());
    co_return 0;
  }
  const auto answer = parse_answer(*body);
  if (!answer) co_return report(answer.error());
  const auto& things = items(*answer, view.member);
  std::vector<std::vector<std::string>> rows;
  rows.reserve(things.size());
  for (const auto& thing : things)
    if (thing.is_object()) rows.push_back(view.row(thing.get_object()));
  std::printf("%s", format_table(view.columns, rows).c_str());
  if (const auto next = cell(*answer, "next"); view.pages && next != "-")
    std::printf("\nthere are more: --cursor %s\n", next.c_str());
  co_return 0;
}

}  // namespace earshot::cli
