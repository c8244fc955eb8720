// The settings of retention: part of the table of config_table.cpp.
#include "app/config_setting.hpp"
#include "recording/retention_rules.hpp"

#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <utility>

namespace earshot::app {
namespace {

// Read at the start, so that every fault in it is named then and not at night.
Result<void> apply_retention_rules_file(Config& config, const std::string& value) {
  std::ifstream file(value);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    return fail(ErrorKind::invalid,
                fmt::format("names '{}', which is no file that can be read", value));
  auto rules = recording::parse_retention_rules(text.str());
  if (!rules)
    return fail(ErrorKind::invalid,
                fmt::format("names '{}', which is wrong: {}", value, rules.error().message));
  config.retention = std::move(*rules);
  return ok();
}

}  // namespace

std::vector<Setting> retention_settings() {
  constexpr std::string_view group = "Retention";
  return {
      {"RETENTION_RULES_FILE", group, "path of a JSON file (docs/retention.md)", "",
       "How long recordings and what belongs to them are kept: rules by age, number called and "
       "verdict. Empty: everything is kept (but for TAP_RETENTION_DAYS).",
       false, apply_retention_rules_file},
  };
}

}  // namespace earshot::app
