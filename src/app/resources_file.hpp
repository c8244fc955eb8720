#pragma once
// What ACS_RESOURCES_FILE holds: `{"resources": [{…}]}`, an ACS resource each. Private to
// app/config*.cpp.

#include "app/config.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::app {

struct ResourcesFile {
  struct Fault {
    std::string problem;  // begins with the place: "resources[1].label is missing"
    std::string remedy;
  };
  std::vector<AcsResourceConfig> resources;
  std::vector<Fault> faults;  // all of them; none quotes a value that may be a secret
};

// What a resource does not say of its tokens' issuer and keys is as the variables say it.
ResourcesFile parse_resources(std::string_view text, const Config& config);

// "/subscriptions/…/providers/Microsoft.Communication/CommunicationServices/name", in either case.
Result<void> check_resource_id(std::string_view text);

std::string lower_case(std::string_view text);

}  // namespace earshot::app
