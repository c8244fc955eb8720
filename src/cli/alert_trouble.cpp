#include "cli/alert_trouble.hpp"

#include "cli/output_json.hpp"

namespace earshot::cli {

std::string alert_trouble(const boost::json::object& alert) {
  for (const auto& item : items(alert, "deliveries")) {
    if (!item.is_object()) continue;
    const auto& delivery = item.get_object();
    const auto error = cell(delivery, "lastError");
    if (cell(delivery, "state") != "delivered" && error != "-")
      return cell(delivery, "host") + ": " + error;
  }
  return "";
}

}  // namespace earshot::cli
