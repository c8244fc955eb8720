#include "domain/words.hpp"
#include "recording/retention_rules.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <utility>

namespace earshot::recording {
namespace {

namespace json = boost::json;

constexpr std::array verdicts{VerdictKind::complete, VerdictKind::gapped,  VerdictKind::truncated,
                              VerdictKind::silent,   VerdictKind::missing, VerdictKind::pending,
                              VerdictKind::failed};

std::optional<VerdictKind> parse_verdict(std::string_view text) {
  for (const auto kind : verdicts)
    if (text == to_text(kind)) return kind;
  return std::nullopt;
}

std::optional<std::string> parse_number(std::string_view text) {
  auto number = retention_number(text);
  if (number.empty()) return std::nullopt;
  return number;
}

// Reads one file's worth of rules, and keeps every fault.
class Reader {
 public:
  RetentionRules read(const json::value& value) {
    RetentionRules rules;
    if (!value.is_object()) {
      add("it is no JSON object");
      return rules;
    }
    for (const auto& [key, member] : value.get_object()) {
      if (key == "rules")
        read_rules(member, rules);
      else if (key == "tag")
        read_flag(member, rules.tag_blobs);
      else
        add(fmt::format("it has a member \"{}\", which means nothing", std::string_view(key)));
    }
    if (faults.empty()) faults = faults_of(rules.rules);
    return rules;
  }
  std::vector<std::string> faults;

 private:
  void add(std::string fault) { faults.push_back(std::move(fault)); }
  void add(const RetentionRule& rule, std::string_view what) {
    add(fmt::format("rule \"{}\" {}", rule.name, what));
  }

  void read_flag(const json::value& value, bool& flag) {
    if (value.is_bool())
      flag = value.get_bool();
    else
      add("tag takes true or false");
  }

  void read_rules(const json::value& value, RetentionRules& rules) {
    if (!value.is_array()) {
      add("rules is no list");
      return;
    }
    rules.rules.reserve(value.get_array().size());
    for (const auto& item : value.get_array()) {
      if (item.is_object())
        rules.rules.push_back(read_rule(item.get_object()));
      else
        add("a rule is no object");
    }
  }

  RetentionRule read_rule(const json::object& object) {
    RetentionRule rule;
    if (const auto* name = object.if_contains("name"); name != nullptr && name->is_string())
      rule.name = std::string(name->get_string());
    bool has_action = false;
    for (const auto& [key, value] : object) {
      if (key == "name")
        continue;
      else if (key == "days")
        read_days(value, rule);
      else if (key == "action")
        has_action = read_action(value, rule);
      else if (key == "objects")
        read_list(value, rule, "objects", rule.objects, parse_kept_kind);
      else if (key == "called")
        read_list(value, rule, "called", rule.called, parse_number);
      else if (key == "verdict")
        read_list(value, rule, "verdict", rule.verdicts, parse_verdict);
      else
        add(rule, fmt::format("has a member \"{}\", which means nothing", std::string_view(key)));
    }
    if (!has_action) add(rule, "needs an action: keep, cool, cold, archive or delete");
    return rule;
  }

  void read_days(const json::value& value, RetentionRule& rule) {
    if (value.is_int64() && value.get_int64() >= 0 && value.get_int64() <= retention_days_max)
      rule.days = static_cast<int>(value.get_int64());
    else
      add(rule, fmt::format("needs days from 1 to {}", retention_days_max));
  }

  static bool read_action(const json::value& value, RetentionRule& rule) {
    if (!value.is_string()) return false;
    const auto action = parse_retention_action(value.get_string());
    if (action) rule.action = *action;
    return action.has_value();
  }

  template <class T, class Parse>
  void read_list(const json::value& value, const RetentionRule& rule, std::string_view name,
                 std::vector<T>& list, Parse parse) {
    if (!value.is_array() || value.get_array().empty()) {
      add(rule, fmt::format("has {}, which is a list of at least one word", name));
      return;
    }
    for (const auto& item : value.get_array()) {
      auto parsed = item.is_string() ? parse(std::string_view(item.get_string())) : std::nullopt;
      if (parsed)
        list.push_back(std::move(*parsed));
      else
        add(rule,
            fmt::format("has in {} what is none of its words: {}", name, json::serialize(item)));
    }
  }
};

}  // namespace

Result<RetentionRules> parse_retention_rules(std::string_view text) {
  if (text.size() > retention_rules_bytes_max)
    return fail(ErrorKind::invalid, "it has more than 1 MiB");
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error) return fail(ErrorKind::invalid, "it is no JSON: " + error.message());
  Reader reader;
  auto rules = reader.read(value);
  if (!reader.faults.empty())
    return fail(ErrorKind::invalid, fmt::format("{}", fmt::join(reader.faults, "; ")));
  return rules;
}

}  // namespace earshot::recording
