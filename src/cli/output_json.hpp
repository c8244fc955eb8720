#pragma once
// Reading the API's answers. Private to cli/*_command.cpp.

#include "base/result.hpp"

#include <boost/json.hpp>
#include <string>

namespace earshot::cli {

// `corrupt` when the service did not answer with a JSON object: probably not Earshot.
Result<boost::json::object> parse_answer(const std::string& body);
// A member as text for a table: strings as they are, null and absent as "-".
std::string cell(const boost::json::object& object, std::string_view name);
double number(const boost::json::object& object, std::string_view name);
const boost::json::array& items(const boost::json::object& object, std::string_view name);
// "complete", "complete (uncorroborated)", "gapped", "-": the object's member "verdict".
std::string verdict_cell(const boost::json::object& object);
// The member "recordingNotice": "notice-first, played 1.2 s to 4.3 s".
std::string notice_cell(const boost::json::object& object);
std::string verdict_text(const boost::json::object& verdict);
int report(const Error& error);
// "2026-03-02T09:15:33.001234Z" -> "2026-03-02 09:15:33"
std::string short_time(const std::string& iso);

}  // namespace earshot::cli
