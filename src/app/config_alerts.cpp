// The settings of alerts: part of the table of config_table.cpp.
#include "alerts/webhook_signature.hpp"
#include "app/config_setting.hpp"
#include "app/config_values.hpp"
#include "net/url.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::app {
namespace {

constexpr std::size_t alert_webhooks_max = 8;

// None is quoted: an address may hold a secret.
Result<void> apply_alert_webhook_url(Config& config, const std::string& value) {
  auto urls = split_list(value);
  if (urls.size() > alert_webhooks_max)
    return fail(ErrorKind::invalid, fmt::format("names more than {} webhooks", alert_webhooks_max));
  for (const auto& text : urls) {
    const auto url = net::parse_url(text);
    const bool usable =
        url && (url->scheme == "https" || (url->scheme == "http" && net::is_loopback(url->host)));
    if (!usable || !url->user_info.empty())
      return fail(ErrorKind::invalid,
                  "has an entry that is no https URL (http only on this machine, no user in it)");
  }
  config.alert_webhook_urls = std::move(urls);
  return ok();
}

Result<void> apply_alert_webhook_secret(Config& config, const std::string& value) {
  const auto parts = split_list(value);
  if (parts.size() > 2) return fail(ErrorKind::invalid, "holds more than two secrets");
  for (const auto& part : parts) {
    if (auto key = alerts::parse_webhook_secret(part); !key) return Failure(key.error());
    config.alert_webhook_secrets.emplace_back(part);
  }
  return ok();
}

}  // namespace

std::vector<Setting> alert_settings() {
  constexpr std::string_view group = "Alerts";
  return {
      {"ALERT_WEBHOOK_URL", group, "comma list of https URLs", "",
       "Where alerts are posted, as CloudEvents signed by Standard Webhooks; plain http only on "
       "the "
       "loopback. Empty: alerts are logged, counted and kept.",
       true, apply_alert_webhook_url},
      {"ALERT_WEBHOOK_SECRET", group, "1 or 2 secrets, whsec_… comma", "",
       "Signs them: whsec_ and the base64 of 24 to 64 bytes (openssl rand -base64 32). While one "
       "is "
       "being replaced both sign.",
       true, apply_alert_webhook_secret},
  };
}

}  // namespace earshot::app
