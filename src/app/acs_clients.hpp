#pragma once
// The ACS resources' clients, one each: a call, and the files of its recordings, are spoken about
// with the resource that the call came in on, found by the label stored with it. Of a label that is
// configured no longer everything is refused, with a message that says so; no other resource's keys
// are tried.

#include "acs/call_automation_client.hpp"
#include "acs/service_files.hpp"
#include "app/config.hpp"
#include "domain/acs_resources.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::app {

// On the executor that the services are for.
class AcsClients : public CallControls, public ServiceFiles {
 public:
  // One for each of Config::acs_resources. `invalid` says of which one what is wrong.
  static Result<std::unique_ptr<AcsClients>> make(const Config& config,
                                                  acs::CallAutomationServices asking);
  ~AcsClients() override;

  CallControl& of(const std::string& resource) override;

  Result<void> check(const std::string& location) const override;
  Task<Result<ServicePiece>> read(ServiceFile file, std::uint64_t offset,
                                  std::uint64_t length) override;
  Task<Result<void>> remove(ServiceFile file) override;

 private:
  explicit AcsClients(AcsResources resources);

  AcsResources resources_;
  // In the order of the resources.
  std::vector<std::unique_ptr<CallControl>> calls_;
  std::vector<std::unique_ptr<ServiceFiles>> files_;
  std::unique_ptr<CallControl> none_;
};

}  // namespace earshot::app
