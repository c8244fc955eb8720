#pragma once
// From the one Config to each module's own plain options.

#include "acs/call_automation_client.hpp"
#include "acs/media_routes.hpp"
#include "acs/service_files.hpp"
#include "acs/token_verifier.hpp"
#include "acs/webhooks.hpp"
#include "alerts/alert_post.hpp"
#include "app/config.hpp"
#include "calls/call_options.hpp"
#include "recording/downlink_estimate.hpp"
#include "recording/file_watch.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/recording_fetch.hpp"
#include "recording/verification/call_verifier.hpp"
#include "voice_live/options.hpp"

namespace earshot::app {

Result<acs::CallAutomationOptions> call_automation_options(const Config& config,
                                                           const AcsResourceConfig& resource);
acs::TokenRules token_rules(const AcsResourceConfig& resource);
AcsResources acs_resources(const Config& config);
acs::WebhookOptions webhook_options(const Config& config);
acs::MediaRoutesOptions media_routes_options(const Config& config);
// Reads the instructions and the unreachable notice from their files.
Result<voice_live::VoiceLiveOptions> voice_live_options(const Config& config);
Result<calls::CallsOptions> calls_options(const Config& config,
                                          std::optional<std::string> container_url);
// Of the resource that `acs` names.
acs::ServiceFilesOptions service_files_options(const Config& config,
                                               const acs::CallAutomationOptions& acs);
recording::RecordingFetchOptions recording_fetch_options(const Config& config);
recording::FileWatchOptions file_watch_options(const Config& config);
recording::DiscoveryOptions discovery_options(const Config& config);
recording::DownlinkOptions downlink_options(const Config& config);
recording::VerifierOptions verifier_options(const Config& config);
// `invalid`: a secret that is none.
Result<alerts::DeliveryOptions> alert_delivery_options(const Config& config);
// Does the service keep recordings in a directory rather than in Blob Storage?
bool uses_folder(const Config& config);

}  // namespace earshot::app
