#pragma once
// Downloads from the service's own storage of recordings: GET with ranges, DELETE of a chunk.
// Signed over the host of the ACS endpoint and the path without its query. By script it answers
// late, with an error, with nothing, or with a redirect.

#include "net/http_message.hpp"
#include "simulator/faults.hpp"
#include "simulator/request_verifier.hpp"
#include "simulator/service_storage.hpp"
#include "simulator/services.hpp"

namespace earshot::simulator {

class StorageDoor {
 public:
  StorageDoor(SimulatorServices services, ServiceStorage& storage, Faults& faults,
              const RequestVerifier& verifier, bool verify);
  // Anything under /v1/objects/.
  Task<net::HttpResponse> handle(net::HttpRequest request);

 private:
  SimulatorServices services_;
  ServiceStorage& storage_;
  Faults& faults_;
  const RequestVerifier& verifier_;
  bool verify_;
};

}  // namespace earshot::simulator
