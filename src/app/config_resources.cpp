// The ACS resources beyond the one of the ACS_… variables: part of the table of config_table.cpp,
// and how all of them are gathered.
#include "app/config_setting.hpp"
#include "app/resources_file.hpp"
#include "domain/acs_resources.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/stat.h>
#include <utility>

namespace earshot::app {
namespace {

constexpr std::size_t file_bytes_max = 1 << 20;
// Each is a label of metrics; nobody has so many regions.
constexpr std::size_t resources_max = 32;
constexpr const char* file_variable = "ACS_RESOURCES_FILE";

Result<void> apply_label(Config& config, const std::string& value) {
  if (!is_resource_label(value))
    return fail(ErrorKind::invalid, fmt::format("is '{}', which is no label", value));
  config.acs_label = value;
  return ok();
}

Result<void> apply_resource_id(Config& config, const std::string& value) {
  if (auto checked = check_resource_id(value); !checked) return checked;
  config.acs_resource_id = value;
  return ok();
}

Result<void> apply_file(Config& config, const std::string& value) {
  config.acs_resources_file = value;
  return ok();
}

Result<std::string> read_resources(const std::string& path, ConfigResult& result) {
  struct stat status{};
  std::ifstream file(path, std::ios::binary);
  if (!file || ::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorKind::not_found, fmt::format("names '{}', which cannot be read", path));
  if (status.st_size > static_cast<off_t>(file_bytes_max))
    return fail(ErrorKind::invalid, fmt::format("names '{}', which is over a megabyte", path));
  if ((status.st_mode & (S_IRGRP | S_IROTH)) != 0)
    result.warnings.push_back(
        fmt::format("{} holds access keys, and others than its owner can read it: chmod 600 {}",
                    file_variable, path));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// What no single resource can tell.
void check_apart(const Config& config, ConfigResult& result) {
  const auto& resources = config.acs_resources;
  const bool already = std::ranges::any_of(
      result.faults, [](const ConfigFault& fault) { return fault.variable == "ACS_RESOURCE_ID"; });
  // Those of the file were checked when it was read.
  if (resources.size() > 1 && resources.front().id.empty() && !already)
    result.faults.push_back({"ACS_RESOURCE_ID",
                             "is missing though ACS_RESOURCES_FILE names further resources, from "
                             "whose calls its own could not be told",
                             "copy it: Azure portal, the resource, JSON view, id"});
  std::set<std::string> labels;
  std::set<std::string> ids;
  std::set<std::string> audiences;
  for (const auto& resource : resources) {
    const auto fault = [&](std::string problem, std::string remedy) {
      result.faults.push_back({file_variable,
                               fmt::format("and the ACS_ variables: resource '{}' {}",
                                           resource.label, std::move(problem)),
                               std::move(remedy)});
    };
    if (!labels.insert(resource.label).second)
      fault("is there twice", "give each resource a label of its own (ACS_LABEL, label)");
    if (!resource.id.empty() && !ids.insert(lower_case(resource.id)).second)
      fault("has the id of another", "each resource's id is its own: Azure portal, JSON view, id");
    for (const auto& audience : resource.token_audiences)
      if (!audiences.insert(lower_case(audience)).second)
        fault("has a token audience of another",
              "each resource's immutableResourceId is its own: Azure portal, JSON view");
  }
  if (resources.size() > resources_max)
    result.faults.push_back({file_variable, fmt::format("makes {} resources", resources.size()),
                             fmt::format("{} are the most", resources_max)});
}

}  // namespace

std::vector<Setting> resource_settings() {
  constexpr std::string_view group = "Several ACS resources";
  return {
      {"ACS_LABEL", group, "small letters, digits, hyphens; at most 32", "default",
       "What the ACS resource of the variables above is called: stored with its calls, and a label "
       "of metrics and of the report on regions. Not to be changed while its calls are open.",
       false, apply_label},
      {"ACS_RESOURCE_ID", group, "/subscriptions/…/CommunicationServices/…", "",
       "Its id in Azure (Azure portal, the resource, JSON view, id), by which Event Grid's events "
       "are told apart. Needed only beside ACS_RESOURCES_FILE.",
       false, apply_resource_id},
      {"ACS_RESOURCES_FILE", group, "path", "",
       "A JSON file with further ACS resources, a region each: docs/operations.md shows one. It "
       "holds access keys; only its owner should be able to read it.",
       false, apply_file},
  };
}

void gather_resources(Config& config, ConfigResult& result) {
  config.acs_resources.clear();
  if (!config.acs_connection_string.empty() || !config.acs_endpoint.empty())
    config.acs_resources.push_back({.label = config.acs_label,
                                    .id = config.acs_resource_id,
                                    .connection_string = config.acs_connection_string,
                                    .endpoint = config.acs_endpoint,
                                    .token_audiences = config.acs_token_audiences,
                                    .token_issuer = config.acs_token_issuer,
                                    .openid_config_url = config.acs_openid_config_url});
  if (config.acs_resources_file.empty()) return;
  auto text = read_resources(config.acs_resources_file, result);
  if (!text) {
    result.faults.push_back({file_variable, text.error().message,
                             "give the path of a JSON file of ACS resources, or leave it empty"});
    return;
  }
  auto file = parse_resources(*text, config);
  for (auto& fault : file.faults)
    result.faults.push_back({file_variable, std::move(fault.problem), std::move(fault.remedy)});
  for (auto& resource : file.resources) config.acs_resources.push_back(std::move(resource));
  if (file.faults.empty()) check_apart(config, result);
}

}  // namespace earshot::app
