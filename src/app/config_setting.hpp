#pragma once
// One row of the table of settings, and how texts become values. Private to app/config*.cpp.

#include "app/config.hpp"
#include "base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::app {

struct Setting {
  std::string_view name;
  std::string_view group;
  std::string_view type;  // for people: "text", "true|false", "1..65535", "milliseconds"
  std::string_view default_text;
  std::string_view meaning;
  bool secret = false;
  // The error's message completes "NAME ..."; the remedy is made from `type`.
  std::function<Result<void>(Config&, const std::string&)> apply;
};

const std::vector<Setting>& settings();
std::vector<Setting> alert_settings();
std::vector<Setting> link_settings();
std::vector<Setting> retention_settings();
std::vector<Setting> signing_settings();
std::vector<Setting> consent_settings();
std::vector<Setting> resource_settings();

// Fills in Config::acs_resources; reads ACS_RESOURCES_FILE. Faults name the place in the file, and
// none quotes a secret.
void gather_resources(Config& config, ConfigResult& result);

}  // namespace earshot::app
