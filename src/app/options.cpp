#include "app/options.hpp"

#include "acs/connection_string.hpp"

#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace earshot::app {
namespace {

constexpr std::size_t instructions_bytes_max = 256 << 10;
constexpr std::size_t notice_bytes_max = 8 << 20;

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, fmt::format("cannot read {}", path));
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = std::move(content).str();
  if (text.size() > bytes_max)
    return fail(ErrorKind::invalid,
                fmt::format("{} has {} bytes; {} is the most", path, text.size(), bytes_max));
  return text;
}

std::string general_instructions(const Config& config) {
  return fmt::format(
      "You are {}, a friendly assistant on the telephone. Speak in short sentences, one question "
      "at a time. "
      "The call is recorded; say so if you are asked.",
      config.assistant_name);
}

std::string greeting_of(const Config& config) {
  if (config.greeting == "-") return {};
  if (!config.greeting.empty()) return config.greeting;
  return fmt::format("Hello, this is {}. How can I help you?", config.assistant_name);
}

}  // namespace

Result<alerts::DeliveryOptions> alert_delivery_options(const Config& config) {
  alerts::DeliveryOptions options{.urls = config.alert_webhook_urls,
                                  .source = config.callback_uri_host};
  for (const auto& secret : config.alert_webhook_secrets) {
    auto key = alerts::parse_webhook_secret(secret.reveal());
    if (!key) return fail("ALERT_WEBHOOK_SECRET", key.error());
    options.keys.push_back(std::move(*key));
  }
  return options;
}

bool uses_folder(const Config& config) { return !config.storage_folder.empty(); }

Result<acs::CallAutomationOptions> call_automation_options(const Config& config,
                                                           const AcsResourceConfig& resource) {
  acs::CallAutomationOptions options;
  options.resource = resource.label;
  options.api_version = config.acs_api_version;
  if (resource.connection_string.empty()) {
    options.endpoint = resource.endpoint;
    return options;
  }
  auto parsed = acs::parse_connection_string(resource.connection_string.reveal());
  if (!parsed)
    return fail(fmt::format("connection string of the ACS resource '{}'", resource.label),
                parsed.error());
  options.endpoint = parsed->endpoint;
  options.access_key = parsed->access_key;
  return options;
}

acs::TokenRules token_rules(const AcsResourceConfig& resource) {
  acs::TokenRules rules;
  rules.issuer = resource.token_issuer;
  rules.audiences = resource.token_audiences;
  return rules;
}

AcsResources acs_resources(const Config& config) {
  std::vector<AcsResourceName> names;
  names.reserve(config.acs_resources.size());
  for (const auto& resource : config.acs_resources) names.push_back({resource.label, resource.id});
  return AcsResources(std::move(names));
}

acs::WebhookOptions webhook_options(const Config& config) {
  acs::WebhookOptions options;
  options.event_grid_secrets = config.event_grid_secrets;
  options.allow_unauthenticated_callbacks = config.allow_unauthenticated_callbacks;
  return options;
}

acs::MediaRoutesOptions media_routes_options(const Config& config) {
  acs::MediaRoutesOptions options;
  if (config.allow_unauthenticated_callbacks) {
    options.auth = acs::MediaSocketAuth::none;
    return options;
  }
  switch (config.media_socket_auth) {
    case MediaSocketAuth::jwt_and_secret:
      options.auth = acs::MediaSocketAuth::token_and_secret;
      break;
    case MediaSocketAuth::jwt:
      options.auth = acs::MediaSocketAuth::token;
      break;
    case MediaSocketAuth::secret:
      options.auth = acs::MediaSocketAuth::secret;
      break;
  }
  return options;
}

Result<voice_live::VoiceLiveOptions> voice_live_options(const Config& config) {
  voice_live::VoiceLiveOptions options;
  options.endpoint =
      config.agent_endpoint.empty() ? config.voice_live_endpoint : config.agent_endpoint;
  options.api_version = config.voice_live_api_version;
  options.model = config.voice_live_model;
  options.agent.name = config.agent_name;
  options.agent.id = config.agent_id;
  options.agent.project = config.agent_project_name;
  if (!config.voice_live_api_key.empty()) options.api_key = config.voice_live_api_key;
  options.instructions = general_instructions(config);
  if (!config.assistant_instructions_file.empty()) {
    auto text = read_file(config.assistant_instructions_file, instructions_bytes_max);
    if (!text) return fail("ASSISTANT_INSTRUCTIONS_FILE", text.error());
    options.instructions = std::move(*text);
  }
  options.voice.name = config.voice_name;
  options.voice.temperature = config.voice_temperature;
  options.turn_detection.type = config.turn_detection;
  options.noise_reduction = config.noise_suppression;
  options.echo_cancellation = config.echo_cancellation;
  return options;
}

Result<calls::CallsOptions> calls_options(const Config& config,
                                          std::optional<std::string> container_url) {
  calls::CallsOptions options;
  options.callback_uri_host = config.callback_uri_host;
  options.resources = acs_resources(config);
  options.numbers = config.numbers_answered;
  options.calls_max = static_cast<std::size_t>(config.calls_max);
  options.media_sample_rate_hz = config.media_sample_rate_hz;
  options.recording_container_url = std::move(container_url);
  options.suppress_8522_warn = config.recording_suppress_8522_warn;
  options.discovery_deadline = config.discovery_deadline;
  options.file_event_alert_after = std::chrono::minutes(config.no_file_event_alert_minutes);
  options.machine.channels = config.recording_channels;
  options.machine.format = config.recording_format;
  options.machine.byos = config.recording_use_byos;
  options.machine.call_length_max = config.call_length_max;
  options.machine.pause_max = config.pause_max;
  options.machine.consent = config.recording_consent;
  BridgeOptions& bridge = options.bridge;
  bridge.assistant_hears_pauses = config.pause_assistant_hears;
  bridge.pause_functions = config.pause_function;
  bridge.pause_keys = config.pause_keys;
  bridge.resume_keys = config.resume_keys;
  bridge.greeting = greeting_of(config);
  bridge.recording_notice = config.recording_notice;
  bridge.greeting_wait_max = config.greeting_wait;
  bridge.session_rate_hz = config.voice_live_sample_rate_hz;
  bridge.play_out_lead = config.play_out_lead;
  bridge.downlink_estimate = downlink_options(config).otherwise;
  bridge.hang_up_when_unreachable = config.hang_up_when_unreachable;
  bridge.idle_caller_max = config.idle_caller_max;
  bridge.idle_caller_prompt = config.idle_caller_prompt;
  bridge.tap = config.tap;
  if (!config.unreachable_notice_file.empty()) {
    auto wav = read_file(config.unreachable_notice_file, notice_bytes_max);
    if (!wav) return fail("UNREACHABLE_NOTICE_FILE", wav.error());
    const ByteView bytes = as_bytes(*wav);
    bridge.unreachable_notice_wav.assign(bytes.begin(), bytes.end());
  }
  return options;
}

acs::ServiceFilesOptions service_files_options(const Config& config,
                                               const acs::CallAutomationOptions& acs) {
  acs::ServiceFilesOptions options;
  options.endpoint = acs.endpoint;
  options.access_key = acs.access_key;
  options.token_scope = acs.token_scope;
  options.resource = acs.resource;
  options.download_hosts = config.recording_download_hosts;
  return options;
}

recording::RecordingFetchOptions recording_fetch_options(const Config& config) {
  recording::RecordingFetchOptions options;
  options.delete_at_acs = config.recording_delete_at_acs;
  return options;
}

recording::FileWatchOptions file_watch_options(const Config& config) {
  recording::FileWatchOptions options;
  options.event_due_after = std::chrono::minutes(config.no_file_event_alert_minutes);
  return options;
}

recording::DiscoveryOptions discovery_options(const Config& config) {
  recording::DiscoveryOptions options;
  options.search_for = config.discovery_deadline;
  options.quiet_period = config.discovery_quiet;
  options.alert_after = std::chrono::minutes(config.no_blob_alert_minutes);
  return options;
}

recording::DownlinkOptions downlink_options(const Config& config) {
  recording::DownlinkOptions options;
  options.fixed = config.downlink_estimate;
  return options;
}

recording::VerifierOptions verifier_options(const Config& config) {
  recording::VerifierOptions options;
  options.thresholds = config.verdict;
  options.thresholds.downlink =
      config.downlink_estimate.value_or(downlink_options(config).otherwise);
  options.verdict_after = config.verdict_after;
  return options;
}

}  // namespace earshot::app
