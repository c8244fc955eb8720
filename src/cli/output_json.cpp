#include "cli/output_json.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace earshot::cli {

Result<boost::json::object> parse_answer(const std::string& body) {
  boost::system::error_code error;
  auto value = boost::json::parse(body, error);
  if (error || !value.is_object())
    return fail(ErrorKind::corrupt,
                "the answer is no JSON object; does --url name an Earshot service?");
  return std::move(value.get_object());
}

std::string cell(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_string())
    return value->get_string().empty() ? "-" : std::string(value->get_string());
  return boost::json::serialize(*value);
}

double number(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

const boost::json::array& items(const boost::json::object& object, std::string_view name) {
  static const boost::json::array none;
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::string verdict_cell(const boost::json::object& object) {
  const auto* verdict = object.if_contains("verdict");
  if (verdict == nullptr || !verdict->is_object()) return "-";
  return verdict_text(verdict->get_object());
}

std::string notice_cell(const boost::json::object& object) {
  const auto* value = object.if_contains("recordingNotice");
  if (value == nullptr || !value->is_object()) return "-";
  const auto& notice = value->get_object();
  const auto* played = notice.if_contains("played");
  const bool was_played = played != nullptr && played->is_bool() && played->get_bool();
  if (!was_played) return cell(notice, "consent") + ", not played";
  return fmt::format("{}, played {:.3f} s to {:.3f} s", cell(notice, "consent"),
                     number(notice, "fromSeconds"), number(notice, "toSeconds"));
}

std::string verdict_text(const boost::json::object& verdict) {
  const std::string kind = cell(verdict, "kind");
  const auto* corroborated = verdict.if_contains("corroborated");
  const bool alone =
      corroborated != nullptr && corroborated->is_bool() && !corroborated->get_bool();
  return kind == "complete" && alone ? kind + " (uncorroborated)" : kind;
}

int report(const Error& error) {
  std::fprintf(stderr, "earshot: %s\n", error.message.c_str());
  return 1;
}

std::string short_time(const std::string& iso) {
  if (iso.size() < 19 || iso[10] != 'T') return iso;
  return iso.substr(0, 10) + " " + iso.substr(11, 8);
}

}  // namespace earshot::cli
