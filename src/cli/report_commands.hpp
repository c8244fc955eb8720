#pragma once
// Statistics over many calls: `earshot report …`. As of cli/commands.hpp.

#include "cli/commands.hpp"

#include <string>

namespace earshot::cli {

struct ReportRegionsOptions {
  CommonOptions common;
  std::string from;  // "" = 30 days before `to`
  std::string to;    // "" = now
};
Task<int> run_report_regions(ApiClient& client, ReportRegionsOptions options);

}  // namespace earshot::cli
