#pragma once
// Downloads from ACS's own storage of recordings, and deletion there. The host is another one than
// the resource's endpoint; the signature is made with the endpoint's host and the path alone, and
// x-ms-host says so. Redirects are followed by hand: each target is held to the same list of hosts,
// and signed anew.

#include "acs/download_hosts.hpp"
#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/service_files.hpp"
#include "ports/token_source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::acs {

struct ServiceFilesOptions {
  std::string endpoint;              // of the ACS resource
  std::string resource;              // its label, for metrics
  std::optional<Secret> access_key;  // base64; none: Entra ID, by the token source
  std::string token_scope = "https://communication.azure.com//.default";
  std::vector<std::string> download_hosts;  // beyond ACS's own: download_hosts.hpp
  Duration timeout = 120s;                  // one request: a piece of a file
  int redirects_max = 3;
};

struct ServiceFilesServices {
  net::HttpClient& http;
  Clock& clock;
  Log& log;
  Counters& counters;
  TokenSource* tokens = nullptr;  // needed without an access key
};

// One for each resource and executor; called on it, and only with files of its resource. `invalid`
// when the options contradict themselves. What `services` names outlives it.
Result<std::unique_ptr<ServiceFiles>> make_service_files(ServiceFilesServices services,
                                                         ServiceFilesOptions options);

}  // namespace earshot::acs
