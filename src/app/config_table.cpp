// The table of settings. To add one: a member in Config, a row here; the rest follows.
#include "app/config_setting.hpp"
#include "app/config_values.hpp"
#include "base/base64.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <utility>

namespace earshot::app {
namespace {

Result<void> apply_event_grid_secret(Config& config, const std::string& value) {
  const auto parts = split_list(value);
  if (parts.size() > 2) return fail(ErrorKind::invalid, "holds more than two secrets");
  for (const std::string& part : parts) {
    if (part.size() < 16)
      return fail(ErrorKind::invalid, "holds a secret shorter than 16 characters");
    config.event_grid_secrets.emplace_back(part);
  }
  return ok();
}

Result<void> apply_api_key(Config& config, const std::string& value) {
  if (value.size() < 16) return fail(ErrorKind::invalid, "is shorter than 16 characters");
  config.api_key = Secret(value);
  return ok();
}

Result<void> apply_voice_temperature(Config& config, const std::string& value) {
  char* end = nullptr;
  const double parsed = std::strtod(value.c_str(), &end);
  if (end != value.c_str() + value.size() || !(parsed >= 0 && parsed <= 1))
    return fail(ErrorKind::invalid, fmt::format("is '{}', not a number from 0 to 1", value));
  config.voice_temperature = parsed;
  return ok();
}

Result<void> apply_acs_connection_string(Config& config, const std::string& value) {
  const auto endpoint = value.find("endpoint=");
  const auto key = value.find(";accesskey=");
  if (endpoint != 0 || key == std::string::npos)
    return fail(ErrorKind::invalid, "is not of the form endpoint=https://…/;accesskey=…");
  auto url = checked_url(value.substr(9, key - 9));
  if (!url) return fail("has an endpoint that", url.error());
  if (!base64::decode(std::string_view(value).substr(key + 11)))
    return fail(ErrorKind::invalid, "has an access key that is not base64");
  config.acs_connection_string = Secret(value);
  return ok();
}

std::vector<Setting> acs_settings() {
  constexpr std::string_view group = "Azure Communication Services";
  return {
      {"ACS_CONNECTION_STRING", group, "endpoint=https://…/;accesskey=…", "",
       "Connection string of the ACS resource (Azure portal, resource, Keys). Leave empty to use "
       "Entra ID with ACS_ENDPOINT.",
       true, apply_acs_connection_string},
      {"ACS_ENDPOINT", group, "https URL", "",
       "Endpoint of the ACS resource when Entra ID is used instead of a key.", false,
       address(&Config::acs_endpoint)},
      {"ACS_API_VERSION", group, "text", "2026-03-12", "api-version of Call Automation requests.",
       false, text(&Config::acs_api_version)},
      {"CALLBACK_URI_HOST", group, "https URL", "",
       "Public base URL of this service, where ACS reaches /api/callbacks and /ws. Needs a "
       "certificate of a public CA.",
       false, address(&Config::callback_uri_host)},
      {"ACS_OPENID_CONFIG_URL", group, "https URL",
       "https://acscallautomation.communication.azure.com/calling/.well-known/"
       "acsopenidconfiguration",
       "Where the keys that sign ACS's callbacks are announced.", false,
       address(&Config::acs_openid_config_url)},
      {"ACS_TOKEN_ISSUER", group, "text", "https://acscallautomation.communication.azure.com",
       "Issuer that ACS's tokens must name.", false, text(&Config::acs_token_issuer)},
      {"ACS_TOKEN_AUDIENCE", group, "comma list of GUIDs", "",
       "Immutable resource id of the ACS resource (Azure portal, resource, JSON view, "
       "immutableResourceId): the audience that "
       "ACS's tokens must name.",
       false, list(&Config::acs_token_audiences)},
      {"MEDIA_SOCKET_AUTH", group, "jwt+secret|jwt|secret", "jwt+secret",
       "What the media socket must bring: ACS's token, the call's own secret in the URL, or both.",
       false,
       choice<MediaSocketAuth>(&Config::media_socket_auth,
                               {{"jwt+secret", MediaSocketAuth::jwt_and_secret},
                                {"jwt", MediaSocketAuth::jwt},
                                {"secret", MediaSocketAuth::secret}})},
      {"ALLOW_UNAUTHENTICATED_CALLBACKS", group, "true|false", "false",
       "Opens callbacks and media socket to anybody. For a local test only.", false,
       flag(&Config::allow_unauthenticated_callbacks)},
      {"EVENT_GRID_SECRET", group, "1 or 2 secrets, comma", "",
       "Secret that Event Grid brings as ?secret= of the webhook's URL; two are accepted while one "
       "is being replaced.",
       true, apply_event_grid_secret},
      {"EVENT_GRID_DEAD_LETTER_CONTAINER", group, "text", "",
       "Container of the same storage account into which Event Grid puts what it could not "
       "deliver: "
       "it is read every few minutes. With AZURE_STORAGE_FOLDER: a folder beside that one.",
       false, text(&Config::dead_letter_container)},
      {"MEDIA_SAMPLE_RATE", group, "16000|24000", "24000",
       "Samples a second of the media socket, both ways.", false,
       choice<std::uint32_t>(&Config::media_sample_rate_hz,
                             {{"16000", 16000U}, {"24000", 24000U}})},
      {"NUMBERS_ANSWERED", group, "comma list of numbers", "",
       "Called numbers to answer; empty answers all.", false, list(&Config::numbers_answered)},
  };
}

std::vector<Setting> recording_settings() {
  constexpr std::string_view group = "Recording";
  return {
      {"RECORDING_USE_BYOS", group, "true|false", "true",
       "true: ACS writes into your own container; false: service-managed storage, kept 24 hours.",
       false, flag(&Config::recording_use_byos)},
      {"RECORDING_FORMAT", group, "wav|mp3", "wav", "Format of the recording.", false,
       choice<RecordingFormat>(&Config::recording_format,
                               {{"wav", RecordingFormat::wav}, {"mp3", RecordingFormat::mp3}})},
      {"RECORDING_CHANNEL_TYPE", group, "mixed|unmixed", "mixed",
       "mixed: one channel; unmixed: a channel for each party (wav only).", false,
       choice<RecordingChannels>(
           &Config::recording_channels,
           {{"mixed", RecordingChannels::mixed}, {"unmixed", RecordingChannels::unmixed}})},
      {"RECORDING_SUPPRESS_8522_WARN", group, "true|false", "true",
       "Says nothing when ACS answers 404/8522 to a stop: the recording was already gone.", false,
       flag(&Config::recording_suppress_8522_warn)},
      {"DISCOVERY_DEADLINE_HOURS", group, "1..168", "24",
       "How long chunks are looked for after the end of a recording.", false,
       span(&Config::discovery_deadline, 1h, 1, 168)},
      {"DISCOVERY_QUIET_MINUTES", group, "1..1440", "10",
       "A recording whose end nobody told is taken for whole when its chunks reach the last time "
       "that it was seen running and no more have appeared for so long.",
       false, span(&Config::discovery_quiet, 1min, 1, 1440)},
      {"NO_BLOB_ALERT_MINUTES", group, "1..1440", "5",
       "An alert is raised when no chunk has appeared so long after the end of a recording.", false,
       whole(&Config::no_blob_alert_minutes, 1, 1440)},
      {"NO_FILE_EVENT_ALERT_MINUTES", group, "1..1440", "15",
       "Service-managed: an alert is raised when the event that tells where a recording's files "
       "are "
       "has not come so long after its end.",
       false, whole(&Config::no_file_event_alert_minutes, 1, 1440)},
      {"RECORDING_DOWNLOAD_HOSTS", group, "comma list of host, host:port or .suffix", "",
       "Hosts beside ACS's own storage hosts that recordings may be downloaded from; plain http "
       "only on the loopback.",
       false, list(&Config::recording_download_hosts)},
      {"RECORDING_DELETE_AT_ACS", group, "true|false", "false",
       "Service-managed: deletes a chunk at ACS once it was read back from our own storage.", false,
       flag(&Config::recording_delete_at_acs)},
      {"PAUSE_MAX_SECONDS", group, "0..14400", "300",
       "A paused recording is resumed by force after so long; 0 leaves it to whoever paused it.",
       false, span(&Config::pause_max, 1s, 0, 14'400)},
      {"PAUSE_ASSISTANT_HEARS", group, "true|false", "false",
       "While the recording is paused the assistant hears the caller; false: it hears silence.",
       false, flag(&Config::pause_assistant_hears)},
      {"PAUSE_FUNCTION", group, "true|false", "false",
       "Offers the assistant the functions pause_recording and resume_recording.", false,
       flag(&Config::pause_function)},
      {"PAUSE_KEYS", group, "2 to 8 keys", "",
       "Keys with which the caller pauses the recording, such as *1; empty: none.", false,
       keys(&Config::pause_keys)},
      {"RESUME_KEYS", group, "2 to 8 keys", "",
       "Keys with which the caller lets it go on, others than PAUSE_KEYS; empty: none.", false,
       keys(&Config::resume_keys)},
  };
}

std::vector<Setting> verdict_settings() {
  constexpr std::string_view group = "The verdict";
  using T = VerdictThresholds;
  return {
      {"VERDICT_AFTER_MINUTES", group, "1..1440", "15",
       "A verdict is given so long after a call's end at the latest, whatever has appeared; chunks "
       "that come later make another one.",
       false, span(&Config::verdict_after, 1min, 1, 1440)},
      {"VERDICT_GAP_MS", group, "20..10000", "200", "Lost time counts from this length on.", false,
       verdict_span(&T::gap, 1ms, 20, 10'000)},
      {"VERDICT_HEAD_MS", group, "0..60000", "3000",
       "So much may pass before the first recorded sample, where nobody spoke.", false,
       verdict_span(&T::head, 1ms, 0, 60'000)},
      {"VERDICT_TAIL_MS", group, "0..60000", "1000",
       "So much may be missing after the last recorded sample, where nobody spoke.", false,
       verdict_span(&T::tail, 1ms, 0, 60'000)},
      {"VERDICT_SPEECH_DBFS", group, "-90..0", "-45",
       "What is louder than this in the bridge's ledger is speech.", false,
       verdict_number(&T::speech_dbfs, 1, -90, 0)},
      {"VERDICT_SPEECH_MS", group, "20..10000", "100",
       "So much speech in a lost head or tail makes it count.", false,
       verdict_span(&T::speech, 1ms, 20, 10'000)},
      {"VERDICT_HEARD_DBFS", group, "-100..0", "-60",
       "What is louder than this in the recording is not silence.", false,
       verdict_number(&T::heard_dbfs, 1, -100, 0)},
      {"VERDICT_ALONE_MS", group, "200..60000", "1000",
       "So much must a party have spoken alone before it can be found silent.", false,
       verdict_span(&T::party_alone, 1ms, 200, 60'000)},
      {"VERDICT_HEARD_PERCENT", group, "1..100", "20",
       "A party of whose speech less than this is to be heard is silent.", false,
       verdict_number(&T::heard_share, 0.01, 1, 100)},
      {"VERDICT_TOO_LONG_MS", group, "100..600000", "2000",
       "Audio that goes on for so long after the call's end is noted.", false,
       verdict_span(&T::too_long, 1ms, 100, 600'000)},
      {"VERDICT_DRIFT_PPM", group, "0..10000", "300",
       "A difference between samples and clock below this is the recorder's drift, not a loss.",
       false, verdict_number(&T::drift_ppm, 1, 0, 10'000)},
      {"VERDICT_LEDGER_PERCENT", group, "1..100", "90",
       "So much of a call must the bridge's ledger cover to count as a witness.", false,
       verdict_number(&T::ledger_share, 0.01, 1, 100)},
  };
}

std::vector<Setting> storage_settings() {
  constexpr std::string_view group = "Where audio is kept";
  return {
      {"AZURE_STORAGE_FOLDER", group, "path", "",
       "A directory instead of Blob Storage (embedded use and demo). Empty with no account: "
       "EARSHOT_DATA_DIR/recordings.",
       false, text(&Config::storage_folder)},
      {"AZURE_STORAGE_ACCOUNT", group, "text", "", "Storage account name.", false,
       text(&Config::storage_account)},
      {"AZURE_STORAGE_CONTAINER", group, "text", "", "Container of the recordings. It must exist.",
       false, text(&Config::storage_container)},
      {"AZURE_STORAGE_CONNECTION_STRING", group, "text", "",
       "Connection string of the storage account.", true,
       secret(&Config::storage_connection_string)},
      {"AZURE_STORAGE_ACCOUNT_KEY", group, "base64", "",
       "Account key, when neither Entra ID nor a connection string is used.", true,
       secret(&Config::storage_account_key)},
      {"AZURE_STORAGE_SAS_TOKEN", group, "text", "", "Shared access signature, instead of a key.",
       true, secret(&Config::storage_sas_token)},
      {"TAP_ENABLED", group, "true|false", "true",
       "Keeps the bridge's own copy of each call, which mends what ACS lost.", false,
       flag(&Config::tap)},
      {"TAP_RETENTION_DAYS", group, "0..3650", "30", "How long the bridge's own copy is kept.",
       false, whole(&Config::tap_retention_days, 0, 3650)},
      {"TAP_SPOOL_MAX_MB", group, "16..100000000", "20480",
       "How much of the local disk that copy may have until it is in storage (a call makes about 6 "
       "MB a minute). Beyond it only the ledgers are kept; an alert is raised.",
       false, whole(&Config::tap_spool_max_mb, 16, 100'000'000)},
      {"TAP_SPOOL_FREE_MIN_MB", group, "0..100000000", "1024",
       "The same when less than this is free on that disk, so that the database has room.", false,
       whole(&Config::tap_spool_free_min_mb, 0, 100'000'000)},
  };
}

std::vector<Setting> assistant_settings() {
  constexpr std::string_view group = "Assistant";
  return {
      {"AZURE_VOICE_LIVE_ENDPOINT", group, "https URL", "",
       "Endpoint of the Foundry or Speech resource.", false, address(&Config::voice_live_endpoint)},
      {"AZURE_VOICE_LIVE_API_KEY", group, "text", "", "Its key. Leave empty to use Entra ID.", true,
       secret(&Config::voice_live_api_key)},
      {"AZURE_VOICE_LIVE_API_VERSION", group, "text", "2026-07-15", "api-version of Voice Live.",
       false, text(&Config::voice_live_api_version)},
      {"VOICE_LIVE_MODEL", group, "text", "gpt-realtime", "Model, when no agent is named.", false,
       text(&Config::voice_live_model)},
      {"VOICE_LIVE_SAMPLE_RATE", group, "media|16000|24000", "media",
       "Samples a second of the assistant's audio. media: as MEDIA_SAMPLE_RATE, and nothing is "
       "resampled; 24000 for a model that speaks no other rate.",
       false,
       choice<std::uint32_t>(&Config::voice_live_sample_rate_hz,
                             {{"media", 0U}, {"16000", 16000U}, {"24000", 24000U}})},
      {"VOICE_LIVE_CONNECTS_PER_MINUTE", group, "1..10000", "30", "Quota of new sessions a minute.",
       false, whole(&Config::voice_live_connects_per_minute, 1, 10'000)},
      {"AGENT_ID", group, "text", "", "Classic Foundry agent, instead of a model.", false,
       text(&Config::agent_id)},
      {"AGENT_NAME", group, "text", "", "Foundry agent, instead of a model.", false,
       text(&Config::agent_name)},
      {"AGENT_PROJECT_NAME", group, "text", "", "Foundry project of the agent.", false,
       text(&Config::agent_project_name)},
      {"AZURE_AGENT_ENDPOINT", group, "https URL", "",
       "Endpoint of the agent's resource, if it is another one.", false,
       address(&Config::agent_endpoint)},
      {"SESSION_VOICE_NAME", group, "text", "en-US-Ava:DragonHDLatestNeural",
       "Voice of the assistant.", false, text(&Config::voice_name)},
      {"SESSION_VOICE_TEMPERATURE", group, "0..1", "", "Temperature of an HD voice.", false,
       apply_voice_temperature},
      {"ASSISTANT_NAME", group, "text", "Richard", "What the assistant calls itself.", false,
       text(&Config::assistant_name)},
      {"ASSISTANT_INSTRUCTIONS_FILE", group, "path", "",
       "File with the assistant's instructions; empty: a short general one.", false,
       text(&Config::assistant_instructions_file)},
      {"GREETING", group, "text", "",
       "What the assistant says first; empty: its name and an offer of help. A single dash (-): "
       "nothing, it waits.",
       false, text(&Config::greeting)},
      {"RECORDING_NOTICE", group, "text", "This call is recorded.",
       "Said before the greeting; the caller cannot interrupt it. A single dash (-) says none.",
       false, text(&Config::recording_notice)},
      {"GREETING_WAIT_MS", group, "0..30000", "3000",
       "First words wait for the recording to be active, no longer than this.", false,
       span(&Config::greeting_wait, 1ms, 0, 30'000)},
      {"TURN_DETECTION", group,
       "server_vad|azure_semantic_vad|azure_semantic_vad_multilingual|semantic_vad",
       "azure_semantic_vad", "How the end of the caller's turn is found.", false,
       choice<std::string>(&Config::turn_detection,
                           {{"server_vad", "server_vad"},
                            {"azure_semantic_vad", "azure_semantic_vad"},
                            {"azure_semantic_vad_multilingual", "azure_semantic_vad_multilingual"},
                            {"semantic_vad", "semantic_vad"}})},
      {"NOISE_SUPPRESSION", group, "off|azure_deep_noise_suppression|near_field|far_field",
       "azure_deep_noise_suppression",
       "Noise reduction of what the assistant hears; the recording is not touched.", false,
       choice<std::string>(&Config::noise_suppression,
                           {{"off", ""},
                            {"azure_deep_noise_suppression", "azure_deep_noise_suppression"},
                            {"near_field", "near_field"},
                            {"far_field", "far_field"}})},
      {"ECHO_CANCELLATION", group, "true|false", "false",
       "Server echo cancellation of what the assistant hears.", false,
       flag(&Config::echo_cancellation)},
      {"PLAY_OUT_LEAD_MS", group, "20..5000", "200",
       "How much of the assistant's audio may be ahead of the ear.", false,
       span(&Config::play_out_lead, 1ms, 20, 5000)},
      {"DOWNLINK_ESTIMATE_MS", group, "0..2000", "",
       "Delay from our sending to the caller's ear; empty: as recent recordings show it, 250 until "
       "one does.",
       false, span(&Config::downlink_estimate, 1ms, 0, 2000)},
      {"UNREACHABLE_NOTICE_FILE", group, "path", "",
       "WAV played when the assistant cannot be reached; empty: a bundled one.", false,
       text(&Config::unreachable_notice_file)},
      {"HANG_UP_WHEN_UNREACHABLE", group, "true|false", "true", "Hangs up after that notice.",
       false, flag(&Config::hang_up_when_unreachable)},
      {"IDLE_CALLER_SECONDS", group, "0..3600", "0",
       "Hangs up when nobody spoke for so long; 0 never does.", false,
       span(&Config::idle_caller_max, 1s, 0, 3600)},
      {"IDLE_CALLER_PROMPT", group, "text", "Are you still there?", "Said at half of that time.",
       false, text(&Config::idle_caller_prompt)},
  };
}

std::vector<Setting> service_settings() {
  constexpr std::string_view group = "Service";
  return {
      {"LISTEN_ADDRESS", group, "address", "0.0.0.0", "Address to listen on.", false,
       text(&Config::listen_address)},
      {"PORT", group, "0..65535", "8080", "Port to listen on; 0 takes a free one.", false,
       whole(&Config::port, 0, 65535)},
      {"EARSHOT_WORKERS", group, "0..64", "0", "Threads for audio; 0: one a core.", false,
       whole(&Config::workers, 0, 64)},
      {"EARSHOT_DATA_DIR", group, "path", "data",
       "Database, spool and, without Blob Storage, recordings.", false, text(&Config::data_dir)},
      {"EARSHOT_DATABASE_URL", group, "sqlite:///path|postgresql://…", "",
       "Database; empty: SQLite in EARSHOT_DATA_DIR. May hold a password.", true,
       text(&Config::database_url)},
      {"EARSHOT_DATABASE_TIMEOUT_SECONDS", group, "1..300", "10",
       "A statement that takes longer is ended; the database then counts as away, and events wait "
       "on disk.",
       false, span(&Config::database_timeout, 1s, 1, 300)},
      {"EARSHOT_API_KEY", group, "16 characters or more", "",
       "Key of the REST API and the command line.", true, apply_api_key},
      {"MAX_CALL_MINUTES", group, "0..1440", "240",
       "Hangs up a call that lasts longer; 0 never does.", false,
       span(&Config::call_length_max, 1min, 0, 1440)},
      {"MAX_CALLS", group, "1..100000", "500", "Calls at a time; further ones are refused as busy.",
       false, whole(&Config::calls_max, 1, 100'000)},
      {"DRAIN_SECONDS", group, "0..86400", "600",
       "How long calls in progress may last after SIGTERM.", false,
       span(&Config::drain_max, 1s, 0, 86'400)},
      {"TLS_CERTIFICATE_FILE", group, "path", "",
       "Certificate chain (PEM): TLS in this process. Empty: a proxy does it.", false,
       text(&Config::tls_certificate_file)},
      {"TLS_KEY_FILE", group, "path", "", "Its private key (PEM).", false,
       text(&Config::tls_key_file)},
      {"EARSHOT_CA_FILE", group, "path", "",
       "CA certificates (PEM) to trust instead of the system's.", false, text(&Config::ca_file)},
      {"LOG_LEVEL", group, "debug|info|warn|error", "info", "Least level that is logged.", false,
       choice<LogLevel>(&Config::log_level, {{"debug", LogLevel::debug},
                                             {"info", LogLevel::info},
                                             {"warn", LogLevel::warn},
                                             {"error", LogLevel::error}})},
      {"LOG_FORMAT", group, "text|json", "text", "One line of text, or one JSON object a line.",
       false, choice<bool>(&Config::log_json, {{"text", false}, {"json", true}})},
  };
}

std::vector<Setting> entra_settings() {
  constexpr std::string_view group = "Entra ID (mostly set by the platform)";
  return {
      {"IDENTITY_ENDPOINT", group, "URL", "", "Managed identity of App Service and Container Apps.",
       false, text(&Config::identity_endpoint)},
      {"IDENTITY_HEADER", group, "text", "", "Its secret header.", true,
       secret(&Config::identity_header)},
      {"AZURE_TENANT_ID", group, "GUID", "", "Tenant, for workload identity or a client secret.",
       false, text(&Config::azure_tenant_id)},
      {"AZURE_CLIENT_ID", group, "GUID", "", "Client id of the identity.", false,
       text(&Config::azure_client_id)},
      {"AZURE_CLIENT_SECRET", group, "text", "", "Client secret (development).", true,
       secret(&Config::azure_client_secret)},
      {"AZURE_FEDERATED_TOKEN_FILE", group, "path", "", "Token file of workload identity (AKS).",
       false, text(&Config::azure_federated_token_file)},
      {"AZURE_AUTHORITY_HOST", group, "https URL", "https://login.microsoftonline.com",
       "Where tokens are asked for.", false, address(&Config::azure_authority_host)},
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> rows;
    for (auto part : {acs_settings(), resource_settings(), recording_settings(), consent_settings(),
                      alert_settings(), verdict_settings(), storage_settings(),
                      retention_settings(), assistant_settings(), service_settings(),
                      signing_settings(), link_settings(), entra_settings()})
      for (auto& row : part) rows.push_back(std::move(row));
    return rows;
  }();
  return all;
}

}  // namespace earshot::app
