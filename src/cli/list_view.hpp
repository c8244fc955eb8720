#pragma once
// What all verbs share that ask for a page of things and show it as a table. Private to
// cli/*_command.cpp.

#include "cli/api_client.hpp"
#include "cli/table.hpp"

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace earshot::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;
// "/api/v1/alerts?limit=20&state=dead", percent-encoded; what is "" is left out.
std::string with_query(std::string path, const Parameters& parameters);

struct ListView {
  std::string path;
  std::string member;  // of the answer: the things
  std::vector<Column> columns;
  std::function<std::vector<std::string>(const boost::json::object&)> row;
  bool json = false;   // the API's own answer instead
  bool pages = false;  // the verb takes --cursor: what comes after these is told below the table
};
// Exit code, as all verbs.
Task<int> show_list(ApiClient& client, ListView view);

}  // namespace earshot::cli
