#pragma once
// What the service can be told, from the environment and a `.env` file. One table (config.cpp) has
// every variable: its type, default, meaning, whether it is a secret, how it is checked; parsing,
// `earshot config`, `.env.example` and docs/configuration.md are made from it. Only this module
// reads the environment.

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/call.hpp"
#include "domain/retention.hpp"
#include "domain/verdict.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::app {

enum class MediaSocketAuth { jwt_and_secret, jwt, secret };

// One ACS resource; all of its calls belong to it.
struct AcsResourceConfig {
  std::string label;
  std::string id;            // in Azure; what Event Grid's topics name
  Secret connection_string;  // "": Entra ID with `endpoint`
  std::string endpoint;
  std::vector<std::string> token_audiences;
  std::string token_issuer;
  std::string openid_config_url;
};

struct Config {
  // Azure Communication Services
  Secret acs_connection_string;
  std::string acs_endpoint;  // with Entra, when there is no connection string
  std::string acs_api_version;
  std::string callback_uri_host;  // https://host, without a trailing slash
  std::string acs_openid_config_url;
  std::string acs_token_issuer;
  std::vector<std::string> acs_token_audiences;
  std::string acs_label;
  std::string acs_resource_id;
  std::string acs_resources_file;
  // All of them, made from the variables above and the file: that of the variables first.
  std::vector<AcsResourceConfig> acs_resources;
  MediaSocketAuth media_socket_auth = MediaSocketAuth::jwt_and_secret;
  bool allow_unauthenticated_callbacks = false;
  std::vector<Secret> event_grid_secrets;
  std::string dead_letter_container;
  std::uint32_t media_sample_rate_hz = 24000;
  std::vector<std::string> numbers_answered;

  // Recording
  bool recording_use_byos = true;
  RecordingFormat recording_format = RecordingFormat::wav;
  RecordingChannels recording_channels = RecordingChannels::mixed;
  bool recording_suppress_8522_warn = true;
  Duration discovery_deadline = 24h;
  Duration discovery_quiet = 10min;
  int no_blob_alert_minutes = 5;
  std::vector<std::string> recording_download_hosts;
  bool recording_delete_at_acs = false;
  int no_file_event_alert_minutes = 15;
  RecordingConsent recording_consent = RecordingConsent::record_first;
  Duration pause_max = 5min;
  bool pause_assistant_hears = false;
  bool pause_function = false;
  std::string pause_keys;
  std::string resume_keys;

  // Alerts
  std::vector<std::string> alert_webhook_urls;
  std::vector<Secret> alert_webhook_secrets;

  // Links
  std::vector<Secret> link_secrets;  // none: one in data_dir
  std::chrono::seconds link_max{0};

  // How long things are kept
  RetentionRules retention;

  // The verdict
  VerdictThresholds verdict;
  Duration verdict_after = 15min;

  // Where audio is kept
  std::string storage_folder;
  std::string storage_account;
  std::string storage_container;
  Secret storage_connection_string;
  Secret storage_account_key;
  Secret storage_sas_token;

  // Voice Live
  std::string voice_live_endpoint;
  Secret voice_live_api_key;
  std::string voice_live_api_version;
  std::string voice_live_model;
  std::uint32_t voice_live_sample_rate_hz = 0;  // 0: the media socket's
  int voice_live_connects_per_minute = 30;
  std::string agent_id;
  std::string agent_name;
  std::string agent_project_name;
  std::string agent_endpoint;

  // The assistant
  std::string assistant_name;
  std::string assistant_instructions_file;
  std::string greeting;
  std::string recording_notice;
  Duration greeting_wait{0};
  std::string voice_name;
  std::optional<double> voice_temperature;
  std::string turn_detection;
  std::string noise_suppression;
  bool echo_cancellation = false;
  Duration play_out_lead{0};
  std::optional<Duration> downlink_estimate;  // none: as measured
  std::string unreachable_notice_file;
  bool hang_up_when_unreachable = true;
  Duration idle_caller_max{0};
  std::string idle_caller_prompt;
  Duration call_length_max{0};
  int calls_max = 0;

  // The bridge's own copy
  bool tap = true;
  int tap_retention_days = 30;
  std::uint64_t tap_spool_max_mb = 0;
  std::uint64_t tap_spool_free_min_mb = 0;

  // The service
  std::string listen_address;
  std::uint16_t port = 8080;
  int workers = 1;
  std::string data_dir;
  std::string database_url;  // "": SQLite in data_dir
  Duration database_timeout{0};
  Secret api_key;
  Secret signing_key;                       // base64 of an Ed25519 private key; "": one in data_dir
  std::vector<Bytes> former_manifest_keys;  // public, 32 bytes each; of earlier signing keys
  std::string tls_certificate_file;
  std::string tls_key_file;
  std::string ca_file;
  LogLevel log_level = LogLevel::info;
  bool log_json = false;
  Duration drain_max = 10min;

  // Entra ID, as the platform sets it
  std::string identity_endpoint;
  Secret identity_header;
  std::string azure_tenant_id;
  std::string azure_client_id;
  Secret azure_client_secret;
  std::string azure_federated_token_file;
  std::string azure_authority_host;
};

// One thing that is wrong, for the operator: which variable, what about it, how to mend it.
struct ConfigFault {
  std::string variable;
  std::string problem;
  std::string remedy;
};

using Environment = std::map<std::string, std::string, std::less<>>;

struct ConfigResult {
  Config config;
  std::vector<ConfigFault> faults;    // all of them at once; empty: may start
  std::vector<std::string> warnings;  // said loudly at start
  std::vector<std::string> unknown;   // of the .env file: names that no setting has
};

// The environment of the process.
Environment process_environment();
// A `.env` file: NAME=value lines, # comments, optional `export `, single or double quotes. Faults
// name the line.
struct EnvFile {
  Environment values;
  std::vector<ConfigFault> faults;
};
EnvFile parse_env_file(std::string_view text);
// The environment wins over the file.
ConfigResult load_config(const Environment& environment, const EnvFile& file);

// "NAME  value  meaning" with secrets as ***; for `earshot config`.
std::string describe_config(const Environment& environment, const EnvFile& file);
std::string config_as_json(const Environment& environment, const EnvFile& file);
std::string env_example();
std::string configuration_document();
// All faults as text for standard error.
std::string describe_faults(const std::vector<ConfigFault>& faults);

}  // namespace earshot::app
