#include "app/acs_clients.hpp"

#include "app/options.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::app {
namespace {

Failure not_configured() {
  return Failure(Error{.kind = ErrorKind::refused,
                       .message = "the ACS resource that the call came in on is configured no "
                                  "longer; its label and keys belong into ACS_RESOURCES_FILE",
                       .code = resource_not_configured});
}

// What stands for a resource without keys.
class NoResource : public CallControl {
 public:
  Task<Result<CallProperties>> answer(AnswerRequest) override { co_return not_configured(); }
  Task<Result<void>> reject(ContextId, Secret, Repeatability) override {
    co_return not_configured();
  }
  Task<Result<void>> hang_up(ContextId, CallConnectionId) override { co_return not_configured(); }
  Task<Result<CallProperties>> get_call(ContextId, CallConnectionId) override {
    co_return not_configured();
  }
  Task<Result<RecordingStatus>> start_recording(StartRecordingRequest) override {
    co_return not_configured();
  }
  Task<Result<void>> stop_recording(ContextId, RecordingId) override { co_return not_configured(); }
  Task<Result<void>> pause_recording(ContextId, RecordingId) override {
    co_return not_configured();
  }
  Task<Result<void>> resume_recording(ContextId, RecordingId) override {
    co_return not_configured();
  }
  Task<Result<RecordingStatus>> get_recording(ContextId, RecordingId) override {
    co_return not_configured();
  }
  Task<Result<void>> start_media_streaming(ContextId, CallConnectionId) override {
    co_return not_configured();
  }
  Task<Result<void>> stop_media_streaming(ContextId, CallConnectionId) override {
    co_return not_configured();
  }
};

}  // namespace

AcsClients::AcsClients(AcsResources resources)
    : resources_(std::move(resources)), none_(std::make_unique<NoResource>()) {}

AcsClients::~AcsClients() = default;

Result<std::unique_ptr<AcsClients>> AcsClients::make(const Config& config,
                                                     acs::CallAutomationServices asking) {
  std::unique_ptr<AcsClients> clients(new AcsClients(acs_resources(config)));
  const acs::ServiceFilesServices downloading{.http = asking.http,
                                              .clock = asking.clock,
                                              .log = asking.log,
                                              .counters = asking.counters,
                                              .tokens = asking.tokens};
  for (const auto& resource : config.acs_resources) {
    auto options = call_automation_options(config, resource);
    if (!options) return Failure(options.error());
    auto files = acs::make_service_files(downloading, service_files_options(config, *options));
    if (!files) return fail(fmt::format("ACS resource '{}'", resource.label), files.error());
    auto calls = acs::make_call_automation_client(asking, std::move(*options));
    if (!calls) return fail(fmt::format("ACS resource '{}'", resource.label), calls.error());
    clients->files_.push_back(std::move(*files));
    clients->calls_.push_back(std::move(*calls));
  }
  return clients;
}

CallControl& AcsClients::of(const std::string& resource) {
  const auto place = resources_.place_of(resource);
  return place ? *calls_[*place] : *none_;
}

// The hosts are one list for all.
Result<void> AcsClients::check(const std::string& location) const {
  return files_.front()->check(location);
}

Task<Result<ServicePiece>> AcsClients::read(ServiceFile file, std::uint64_t offset,
                                            std::uint64_t length) {
  const auto place = resources_.place_of(file.resource);
  if (!place) co_return not_configured();
  co_return co_await files_[*place]->read(std::move(file), offset, length);
}

Task<Result<void>> AcsClients::remove(ServiceFile file) {
  const auto place = resources_.place_of(file.resource);
  if (!place) co_return not_configured();
  co_return co_await files_[*place]->remove(std::move(file));
}

}  // namespace earshot::app
