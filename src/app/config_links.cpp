// The settings of links: part of the table of config_table.cpp.
#include "app/config_setting.hpp"
#include "app/config_values.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::app {
namespace {

constexpr std::size_t secret_bytes_min = 32;
constexpr int seconds_min = 60;
constexpr int seconds_max = 24 * 60 * 60;

Result<void> apply_link_secret(Config& config, const std::string& value) {
  const auto parts = split_list(value);
  if (parts.size() > 2) return fail(ErrorKind::invalid, "holds more than two secrets");
  for (const auto& part : parts) {
    if (part.size() < secret_bytes_min)
      return fail(ErrorKind::invalid,
                  fmt::format("holds a secret shorter than {} characters", secret_bytes_min));
    config.link_secrets.emplace_back(part);
  }
  return ok();
}

}  // namespace

std::vector<Setting> link_settings() {
  constexpr std::string_view group = "Links";
  return {
      {"LINK_SECRET", group, "1 or 2 secrets, comma", "",
       "Signs links to audio, 32 characters or more; the first signs, both are accepted while one "
       "is being replaced. Empty: one is made in EARSHOT_DATA_DIR. Replicas need the same one.",
       true, apply_link_secret},
      {"LINK_MAX_SECONDS", group, "60..86400", "86400",
       "The longest time for which a link may be asked; 15 minutes where none is asked for.", false,
       whole(&Config::link_max, seconds_min, seconds_max)},
  };
}

}  // namespace earshot::app
