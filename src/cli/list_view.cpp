#include "cli/list_view.hpp"

#include "cli/answer_view.hpp"
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
  auto body = co_await client.get(view.path);
  co_return show_answer(view.json, body, [&view](const boost::json::object& answer) {
    const auto& things = items(answer, view.member);
    std::vector<std::vector<std::string>> rows;
    rows.reserve(things.size());
    for (const auto& thing : things)
      if (thing.is_object()) rows.push_back(view.row(thing.get_object()));
    std::printf("%s", format_table(view.columns, rows).c_str());
    if (const auto next = cell(answer, "next"); view.pages && next != "-")
      std::printf("\nthere are more: --cursor %s\n", next.c_str());
  });
}

}  // namespace earshot::cli
