#include "app/config.hpp"

#include "acs/download_hosts.hpp"
#include "app/config_setting.hpp"
#include "blob/connection_string.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <unistd.h>

namespace earshot::app {
namespace {

const std::string* value_of(const Setting& setting, const Environment& environment,
                            const EnvFile& file) {
  if (const auto found = environment.find(setting.name);
      found != environment.end() && !found->second.empty())
    return &found->second;
  if (const auto found = file.values.find(setting.name);
      found != file.values.end() && !found->second.empty())
    return &found->second;
  return nullptr;
}

bool has_storage_account(const Config& config) {
  return !config.storage_connection_string.empty() || !config.storage_account.empty();
}

// A secret that an instance makes for itself lies on its own disk: behind one address, what one
// instance signed would then be refused by another.
void warn_of_own_secrets(const Config& config, std::vector<std::string>& warnings) {
  if (!config.database_url.starts_with("postgres")) return;
  constexpr std::string_view shared =
      "EARSHOT_DATABASE_URL names PostgreSQL, which several instances can share, and {} is not "
      "set: each instance then makes a secret of its own, and {}. Set the same one for all of them "
      "(openssl rand -base64 32).";
  if (config.link_secrets.empty())
    warnings.push_back(
        fmt::format(shared, "LINK_SECRET", "refuses the links to audio that another one made"));
  if (config.signing_key.empty())
    warnings.push_back(fmt::format(shared, "EARSHOT_SIGNING_KEY",
                                   "/api/v1/keys of one does not have the key of manifests that "
                                   "another one signed"));
}

// What no single variable can tell: faults of combinations.
void check_together(Config& config, ConfigResult& result) {
  // Of a variable that was given and is wrong, it is not said as well that it is missing.
  std::set<std::string> wrong;
  for (const auto& fault : result.faults) wrong.insert(fault.variable);
  if (wrong.contains("ACS_ENDPOINT")) wrong.insert("ACS_CONNECTION_STRING");
  std::vector<ConfigFault> faults;
  const bool names_resource = !config.acs_connection_string.empty() || !config.acs_endpoint.empty();
  const bool only_in_file = !names_resource && !config.acs_resources_file.empty();
  if (!names_resource && !only_in_file)
    faults.push_back({"ACS_CONNECTION_STRING", "is missing, and so is ACS_ENDPOINT",
                      "copy the connection string from the ACS resource (Keys), or set "
                      "ACS_ENDPOINT to use Entra ID"});
  if (config.callback_uri_host.empty())
    faults.push_back({"CALLBACK_URI_HOST", "is missing",
                      "set it to the public https URL at which ACS reaches this service"});
  if (config.voice_live_endpoint.empty())
    faults.push_back({"AZURE_VOICE_LIVE_ENDPOINT", "is missing",
                      "set it to https://<resource>.services.ai.azure.com"});
  const bool has_agent = !config.agent_name.empty() || !config.agent_id.empty();
  if (has_agent && config.agent_project_name.empty())
    faults.push_back({"AGENT_PROJECT_NAME", "is missing though an agent is named",
                      "set the agent's Foundry project"});
  if (config.acs_token_audiences.empty() && !config.allow_unauthenticated_callbacks &&
      !only_in_file)
    faults.push_back({"ACS_TOKEN_AUDIENCE", "is missing",
                      "set it to the ACS resource's immutable resource id: Azure portal, the "
                      "resource, JSON view, "
                      "properties.immutableResourceId"});
  if (config.event_grid_secrets.empty())
    faults.push_back({"EVENT_GRID_SECRET", "is missing",
                      "make one (openssl rand -hex 24) and add ?secret=… to the webhook URL of the "
                      "Event Grid subscription"});
  if (config.api_key.empty())
    faults.push_back({"EARSHOT_API_KEY", "is missing", "make one: openssl rand -hex 24"});
  if (config.recording_format == RecordingFormat::mp3 &&
      config.recording_channels == RecordingChannels::unmixed)
    faults.push_back({"RECORDING_FORMAT",
                      "is mp3 while RECORDING_CHANNEL_TYPE is unmixed, which ACS does not record",
                      "use RECORDING_FORMAT=wav, or RECORDING_CHANNEL_TYPE=mixed"});
  if (!config.pause_keys.empty() && config.pause_keys == config.resume_keys)
    faults.push_back({"RESUME_KEYS", "is the same as PAUSE_KEYS", "choose other keys"});
  if (has_storage_account(config) && config.storage_container.empty())
    faults.push_back({"AZURE_STORAGE_CONTAINER", "is missing though a storage account is given",
                      "name the container that ACS writes recordings into"});
  if (has_storage_account(config) && !config.storage_folder.empty())
    faults.push_back({"AZURE_STORAGE_FOLDER", "is set together with a storage account",
                      "keep the one that ACS writes to"});
  if (!config.dead_letter_container.empty() &&
      !blob::is_container_name(config.dead_letter_container))
    faults.push_back(
        {"EVENT_GRID_DEAD_LETTER_CONTAINER",
         fmt::format("is '{}', which is no container's name", config.dead_letter_container),
         "3 to 63 lower-case letters, digits and single hyphens"});
  if (auto hosts = acs::DownloadHosts::make(config.recording_download_hosts); !hosts)
    faults.push_back({"RECORDING_DOWNLOAD_HOSTS",
                      "has an entry that is no host: " + hosts.error().message,
                      "name hosts as host, host:port or .suffix, comma between"});
  if (!config.alert_webhook_urls.empty() && config.alert_webhook_secrets.empty())
    faults.push_back({"ALERT_WEBHOOK_SECRET", "is missing though ALERT_WEBHOOK_URL is set",
                      "make one: echo whsec_$(openssl rand -base64 32)"});
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty())
    faults.push_back(
        {"TLS_CERTIFICATE_FILE", "and TLS_KEY_FILE go together", "set both or neither"});
  for (const auto& [name, path] :
       {std::pair{"TLS_CERTIFICATE_FILE", &config.tls_certificate_file},
        std::pair{"TLS_KEY_FILE", &config.tls_key_file},
        std::pair{"EARSHOT_CA_FILE", &config.ca_file},
        std::pair{"ASSISTANT_INSTRUCTIONS_FILE", &config.assistant_instructions_file},
        std::pair{"UNREACHABLE_NOTICE_FILE", &config.unreachable_notice_file}})
    if (!path->empty() && !std::filesystem::is_regular_file(*path))
      faults.push_back(
          {name, fmt::format("names '{}', which is not a file", *path), "give the path of a file"});
  if (config.recording_consent == RecordingConsent::notice_first &&
      (config.recording_notice == "-" || config.recording_notice.empty()))
    faults.push_back({"RECORDING_CONSENT",
                      "is notice-first while RECORDING_NOTICE says none: nothing would ever be "
                      "recorded",
                      "set RECORDING_NOTICE to what callers are to be told, or "
                      "RECORDING_CONSENT=record-first"});
  for (auto& fault : faults)
    if (!wrong.contains(fault.variable)) result.faults.push_back(std::move(fault));
  if (config.recording_notice == "-") config.recording_notice.clear();
  if (config.storage_folder.empty() && !has_storage_account(config))
    config.storage_folder = config.data_dir + "/recordings";
  if (config.allow_unauthenticated_callbacks)
    result.warnings.push_back(
        "ALLOW_UNAUTHENTICATED_CALLBACKS=true: anybody can post callbacks and open media sockets. "
        "For a local test only.");
  warn_of_own_secrets(config, result.warnings);
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (static_cast<unsigned char>(letter) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(letter));
    } else {
      out += letter;
    }
  }
  out += '"';
}

}  // namespace

Environment process_environment() {
  Environment values;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line(*entry);
    const auto equals = line.find('=');
    if (equals != std::string_view::npos)
      values.emplace(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
  }
  return values;
}

EnvFile parse_env_file(std::string_view text) {
  EnvFile file;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const auto trim = [](std::string_view part) {
      const auto first = part.find_first_not_of(" \t\r");
      if (first == std::string_view::npos) return std::string_view{};
      return part.substr(first, part.find_last_not_of(" \t\r") - first + 1);
    };
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      file.faults.push_back({fmt::format(".env line {}", line_number), "is not NAME=value",
                             "write NAME=value, or # first"});
      continue;
    }
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    file.values[std::string(trim(line.substr(0, equals)))] = std::string(value);
  }
  return file;
}

ConfigResult load_config(const Environment& environment, const EnvFile& file) {
  ConfigResult result;
  result.faults = file.faults;
  for (const Setting& setting : settings()) {
    const std::string* given = value_of(setting, environment, file);
    if (given == nullptr && setting.default_text.empty()) continue;
    const auto applied =
        setting.apply(result.config, given != nullptr ? *given : std::string(setting.default_text));
    if (!applied)
      result.faults.push_back({std::string(setting.name),
                               setting.secret
                                   ? "is a secret that cannot be used: " + applied.error().message
                                   : applied.error().message,
                               fmt::format("it takes: {}", setting.type)});
  }
  for (const auto& [name, value] : file.values) {
    bool known = false;
    for (const Setting& setting : settings()) known = known || setting.name == name;
    if (!known) result.unknown.push_back(name);
  }
  gather_resources(result.config, result);
  check_together(result.config, result);
  return result;
}

std::string describe_config(const Environment& environment, const EnvFile& file) {
  std::string text;
  std::string_view group;
  for (const Setting& setting : settings()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format("{}{}\n", text.empty() ? "" : "\n", group);
    }
    const std::string* given = value_of(setting, environment, file);
    const std::string shown = given == nullptr ? fmt::format("{}  (default)", setting.default_text)
                              : setting.secret ? "***"
                                               : *given;
    text += fmt::format("  {:<33} {}\n", setting.name, shown);
  }
  return text;
}

std::string config_as_json(const Environment& environment, const EnvFile& file) {
  std::string text = "{";
  for (const Setting& setting : settings()) {
    const std::string* given = value_of(setting, environment, file);
    text += text.size() > 1 ? ",\n " : "\n ";
    append_json_text(text, setting.name);
    text += ": ";
    append_json_text(text, given == nullptr ? setting.default_text
                           : setting.secret ? std::string_view("***")
                                            : std::string_view(*given));
  }
  return text + "\n}\n";
}

std::string env_example() {
  std::string text =
      "# Earshot's settings. Copy to .env and fill in; `earshot config` shows what is in force.\n";
  std::string_view group;
  for (const Setting& setting : settings()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format("\n## {}\n", group);
    }
    text += fmt::format("\n# {}\n# Takes: {}\n#{}={}\n", setting.meaning, setting.type,
                        setting.name, setting.default_text);
  }
  return text;
}

std::string configuration_document() {
  std::string text =
      "# Configuration\n\nMade by `earshot config --markdown` from the one table in "
      "`src/app/config_table.cpp`; do not edit.\n"
      "Settings come from the environment; a `.env` file in the working directory (or "
      "`--env-file`) fills in what the\n"
      "environment does not set. Everything is checked at start, and every fault is reported at "
      "once.\n";
  std::string_view group;
  for (const Setting& setting : settings()) {
    if (setting.group != group) {
      group = setting.group;
      text += fmt::format(
          "\n## {}\n\n| variable | takes | default | meaning |\n|---|---|---|---|\n", group);
    }
    std::string type(setting.type);
    for (std::size_t at = 0; (at = type.find('|', at)) != std::string::npos; at += 2)
      type.insert(at, "\\");
    text += fmt::format(
        "| `{}`{} | {} | {} | {} |\n", setting.name, setting.secret ? " (secret)" : "", type,
        setting.default_text.empty() ? "" : fmt::format("`{}`", setting.default_text),
        setting.meaning);
  }
  return text;
}

std::string describe_faults(const std::vector<ConfigFault>& faults) {
  std::string text = fmt::format("{} {} in the configuration:\n", faults.size(),
                                 faults.size() == 1 ? "fault" : "faults");
  for (const ConfigFault& fault : faults)
    text += fmt::format("  {} {}\n      -> {}\n", fault.variable, fault.problem, fault.remedy);
  return text;
}

}  // namespace earshot::app
