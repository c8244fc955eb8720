#include "simulator/resource_set.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <set>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool read_port(std::string_view text, std::uint16_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && out != 0;
}

bool read_setting(ResourceWish& wish, std::string_view name, std::string_view value) {
  if (value.empty()) return false;
  if (name == "port") return read_port(value, wish.port);
  if (name == "key") return base64::decode(wish.access_key_base64 = value).has_value();
  if (name == "number") {
    wish.numbers.emplace_back(value);
    return true;
  }
  const std::map<std::string_view, std::string*> texts{
      {"audience", &wish.audience}, {"topic", &wish.topic}, {"url", &wish.public_url}};
  const auto found = texts.find(name);
  if (found == texts.end()) return false;
  *found->second = value;
  return true;
}

// By its place, so that the same command line gives the same resources each time.
std::string key_of_place(std::size_t place) {
  const std::string key = fmt::format("earshot-simulator-access-key-{:03}", place + 1);
  return base64::encode(as_bytes(key));
}
std::string audience_of_place(std::size_t place) {
  return fmt::format("0a1b2c3d-0000-4000-8000-{:012}", place + 1);
}

AcsOptions options_of(const AcsOptions& shared, const ResourceWish& wish, std::size_t place) {
  AcsOptions options = shared;
  options.label = wish.label;
  options.numbers = wish.numbers;
  if (wish.port != 0)
    options.port = wish.port;
  else if (shared.port != 0)
    options.port = static_cast<std::uint16_t>(shared.port + place);
  options.public_url = wish.public_url;
  options.access_key_base64 =
      wish.access_key_base64.empty() ? key_of_place(place) : wish.access_key_base64;
  options.identity.audience = wish.audience.empty() ? audience_of_place(place) : wish.audience;
  options.events.topic = wish.topic.empty() ? shared.events.topic + "-" + wish.label : wish.topic;
  return options;
}

Result<void> check_apart(const std::vector<AcsOptions>& all) {
  std::map<std::string, std::set<std::string>> seen;
  std::string twice;
  const auto once = [&](const std::string& what, const std::string& value) {
    if (!seen[what].insert(value).second && twice.empty())
      twice = fmt::format("{} {}", what, value);
  };
  for (const AcsOptions& one : all) {
    once("label", one.label);
    once("audience", one.identity.audience);
    once("topic", one.events.topic);
    if (one.port != 0) once("port", std::to_string(one.port));
    for (const auto& number : one.numbers) once("number", number);
  }
  if (twice.empty()) return ok();
  return fail(ErrorKind::invalid, fmt::format("--resource: two resources have the {}", twice));
}

}  // namespace

Result<ResourceWish> parse_resource(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("resource \"{}\": {}", text, why));
  };
  const auto colon = text.find(':');
  ResourceWish wish{.label = std::string(text.substr(0, colon))};
  if (!is_label(wish.label))
    return refuse("expected label:setting[,setting], the label of small letters, digits, hyphens");
  std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const std::string_view word = rest.substr(0, comma);
    const auto equals = std::min(word.find('='), word.size());
    if (equals == word.size() ||
        !read_setting(wish, word.substr(0, equals), word.substr(equals + 1)))
      return refuse(fmt::format("\"{}\" is not understood", word));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  if (wish.numbers.empty()) return refuse("it needs a number, such as number=+15550199");
  return wish;
}

Result<std::vector<AcsOptions>> options_of_each(const AcsOptions& shared,
                                                const std::vector<ResourceWish>& wishes) {
  if (wishes.empty()) return std::vector<AcsOptions>{shared};
  if (!shared.public_url.empty())
    return fail(ErrorKind::invalid,
                "--public-url is of one resource: give each its own by url= in --resource");
  if (wishes.size() > resources_max)
    return fail(ErrorKind::invalid,
                fmt::format("--resource: {} resources are the most", resources_max));
  std::vector<AcsOptions> all;
  all.reserve(wishes.size());
  for (std::size_t place = 0; place < wishes.size(); ++place)
    all.push_back(options_of(shared, wishes[place], place));
  if (auto apart = check_apart(all); !apart) return Failure(apart.error());
  return all;
}

ResourceSet::ResourceSet(SimulatorServices services, const std::vector<AcsOptions>& options,
                         const MakeExports& make_exports) {
  all_.reserve(options.size());
  for (const AcsOptions& one : options)
    all_.push_back(std::make_unique<AcsSimulator>(services, one, make_exports()));
}

AcsSimulator* ResourceSet::of_number(std::string_view number) const {
  for (const auto& acs : all_) {
    const auto& numbers = acs->options().numbers;
    if (numbers.empty() || std::ranges::find(numbers, number) != numbers.end()) return acs.get();
  }
  return nullptr;
}

std::string ResourceSet::numbers_text() const {
  std::string text;
  for (const auto& acs : all_)
    for (const auto& number : acs->options().numbers)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", acs->options().label, number);
  return text;
}

Result<void> ResourceSet::start() {
  for (const auto& acs : all_)
    if (auto started = acs->start(); !started) return Failure(started.error());
  return ok();
}

void ResourceSet::begin_stop() {
  for (const auto& acs : all_) acs->begin_stop();
}

Task<void> ResourceSet::stop() {
  begin_stop();
  for (const auto& acs : all_) co_await acs->stop();
}

std::vector<std::pair<std::string, std::string>> ResourceSet::environment(
    const std::string& file) const {
  if (all_.size() == 1 && all_.front()->options().label.empty()) return all_.front()->environment();
  std::string hosts;
  for (const auto& acs : all_)
    for (const auto& [name, value] : acs->environment())
      if (name == "RECORDING_DOWNLOAD_HOSTS") hosts += (hosts.empty() ? "" : ",") + value;
  return {{"RECORDING_DOWNLOAD_HOSTS", hosts}, {"ACS_RESOURCES_FILE", file}};
}

std::string ResourceSet::resources_file() const {
  json::array resources;
  resources.reserve(all_.size());
  for (const auto& acs : all_) {
    json::object resource;
    resource["label"] = acs->options().label;
    resource["resourceId"] = acs->options().events.topic;
    for (const auto& [name, value] : acs->environment()) {
      if (name == "ACS_CONNECTION_STRING") resource["connectionString"] = value;
      if (name == "ACS_TOKEN_AUDIENCE") resource["tokenAudience"] = json::array{value};
      if (name == "ACS_TOKEN_ISSUER") resource["tokenIssuer"] = value;
      if (name == "ACS_OPENID_CONFIG_URL") resource["openIdConfigUrl"] = value;
    }
    resources.push_back(std::move(resource));
  }
  return json::serialize(json::object{{"resources", std::move(resources)}});
}

}  // namespace earshot::simulator
