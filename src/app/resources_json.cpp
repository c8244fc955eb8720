#include "acs/connection_string.hpp"
#include "app/resources_file.hpp"
#include "domain/acs_resources.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <array>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>
#include <fmt/format.h>
#include <utility>

namespace earshot::app {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 7> members{
    "label",         "resourceId",  "connectionString", "endpoint",
    "tokenAudience", "tokenIssuer", "openIdConfigUrl"};

// One resource of the file, read member by member.
class Entry {
 public:
  Entry(const json::object& object, std::size_t number, std::vector<ResourcesFile::Fault>& faults)
      : object_(object), place_(fmt::format("resources[{}]", number)), faults_(faults) {}

  AcsResourceConfig read(const Config& config) {
    for (const auto& member : object_)
      if (std::ranges::find(members, std::string_view(member.key())) == members.end())
        fault(fmt::format(".{} is no member of a resource", std::string_view(member.key())),
              fmt::format("a resource has: {}", fmt::join(members, ", ")));
    AcsResourceConfig resource;
    resource.token_issuer = config.acs_token_issuer;
    resource.openid_config_url = config.acs_openid_config_url;
    read_label(resource);
    read_id(resource);
    read_credentials(resource);
    read_audience(resource, !config.allow_unauthenticated_callbacks);
    if (const auto issuer = text("tokenIssuer"); !issuer.empty()) resource.token_issuer = issuer;
    if (const auto url = text("openIdConfigUrl"); !url.empty()) {
      resource.openid_config_url = url;
      const auto parsed = net::parse_url(url);
      if (!parsed || (parsed->scheme != "https" &&
                      !(parsed->scheme == "http" && net::is_loopback(parsed->host))))
        fault(".openIdConfigUrl is no https URL", "give an https URL, or leave it out");
    }
    return resource;
  }

 private:
  void fault(std::string problem, std::string remedy) {
    faults_.push_back({place_ + std::move(problem), std::move(remedy)});
  }

  // "" when it is not there.
  std::string text(std::string_view name) {
    const auto* value = object_.if_contains(json::string_view(name.data(), name.size()));
    if (value == nullptr) return {};
    if (const auto* found = value->if_string()) return {found->data(), found->size()};
    fault(fmt::format(".{} is no text", name), "put it in double quotes");
    return {};
  }

  void read_label(AcsResourceConfig& resource) {
    resource.label = text("label");
    if (resource.label.empty())
      fault(".label is missing", "name the region, such as \"label\": \"weu\"");
    else if (!is_resource_label(resource.label))
      fault(".label is none", "use at most 32 small letters, digits and hyphens");
  }

  void read_id(AcsResourceConfig& resource) {
    resource.id = text("resourceId");
    if (auto checked = check_resource_id(resource.id); !checked)
      fault(".resourceId " + checked.error().message,
            "copy it: Azure portal, the resource, JSON view, id");
  }

  void read_credentials(AcsResourceConfig& resource) {
    const auto connection = text("connectionString");
    resource.endpoint = text("endpoint");
    if (connection.empty() == resource.endpoint.empty())
      return fault(connection.empty() ? " has neither connectionString nor endpoint"
                                      : " has both connectionString and endpoint",
                   "give the connection string (Azure portal, the resource, Keys), or the endpoint "
                   "alone to use Entra ID");
    if (!connection.empty()) {
      if (auto parsed = acs::parse_connection_string(connection); !parsed)
        fault(".connectionString cannot be used: " + parsed.error().message,
              "copy it: Azure portal, the resource, Keys");
      resource.connection_string = Secret(connection);
    } else if (auto parsed = acs::parse_endpoint(resource.endpoint); !parsed) {
      fault(".endpoint cannot be used: " + parsed.error().message,
            "give it as https://<resource>.communication.azure.com");
    }
  }

  void read_audience(AcsResourceConfig& resource, bool is_needed) {
    const auto* value = object_.if_contains("tokenAudience");
    const auto bad = [&] {
      fault(".tokenAudience is neither a text nor a list of texts",
            "give the resource's immutableResourceId: Azure portal, the resource, JSON view");
    };
    if (value != nullptr && value->is_array()) {
      for (const auto& one : value->get_array()) {
        if (!one.is_string()) return bad();
        resource.token_audiences.emplace_back(one.get_string());
      }
    } else if (value != nullptr) {
      if (!value->is_string()) return bad();
      resource.token_audiences.emplace_back(value->get_string());
    }
    std::erase(resource.token_audiences, "");
    if (is_needed && resource.token_audiences.empty())
      fault(".tokenAudience is missing",
            "give the resource's immutableResourceId: Azure portal, the resource, JSON view");
  }

  const json::object& object_;
  std::string place_;
  std::vector<ResourcesFile::Fault>& faults_;
};

}  // namespace

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lower;
}

Result<void> check_resource_id(std::string_view text) {
  constexpr std::string_view kind = "/providers/microsoft.communication/communicationservices/";
  const std::string lower = lower_case(text);
  const auto at = lower.find(kind);
  const bool usable = lower.starts_with("/subscriptions/") && at != std::string::npos &&
                      at + kind.size() < lower.size() &&
                      lower.find('/', at + kind.size()) == std::string::npos;
  if (usable) return ok();
  return fail(ErrorKind::invalid,
              text.empty() ? "is missing" : "is not the id of a Communication Services resource");
}

ResourcesFile parse_resources(std::string_view text, const Config& config) {
  ResourcesFile file;
  boost::system::error_code error;
  json::stream_parser parser;
  const auto read = parser.write_some(text.data(), text.size(), error);
  const bool ends_there =
      !error && text.substr(read).find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (ends_there) parser.finish(error);
  if (!ends_there || error) {
    const auto line = 1 + std::ranges::count(text.substr(0, read), '\n');
    file.faults.push_back({fmt::format("is no JSON from line {} on", line),
                           "compare it with the sample in docs/operations.md"});
    return file;
  }
  const auto value = parser.release();
  const auto* object = value.if_object();
  const auto* list = object != nullptr ? object->if_contains("resources") : nullptr;
  if (list == nullptr || !list->is_array() || list->get_array().empty() || object->size() != 1) {
    file.faults.push_back({R"(is not {"resources": [ … ]} with one resource or more)",
                           "compare it with the sample in docs/operations.md"});
    return file;
  }
  std::size_t number = 0;
  for (const auto& one : list->get_array()) {
    if (const auto* resource = one.if_object())
      file.resources.push_back(Entry(*resource, number, file.faults).read(config));
    else
      file.faults.push_back({fmt::format("resources[{}] is no object", number),
                             "compare it with the sample in docs/operations.md"});
    ++number;
  }
  return file;
}

}  // namespace earshot::app
