#include "blob/connection_string.hpp"

#include "base/base64.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace earshot::blob {
namespace {

constexpr std::size_t text_bytes_max = 16 << 10;

// Published for the emulator; a secret of nobody's.
constexpr const char* emulator_account = "devstoreaccount1";
constexpr const char* emulator_key =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n' ||
                           text.front() == '\r'))
    text.remove_prefix(1);
  while (!text.empty() &&
         (text.back() == ' ' || text.back() == '\t' || text.back() == '\n' || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

class Pairs {
 public:
  explicit Pairs(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find(';'), text.size());
      const auto pair = trim(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      // Values hold "=" themselves: keys and signatures are base64.
      const auto equals = pair.find('=');
      if (equals == std::string_view::npos) continue;
      pairs_.emplace(lowered(trim(pair.substr(0, equals))), trim(pair.substr(equals + 1)));
    }
  }
  std::string get(const std::string& name) const {
    const auto found = pairs_.find(lowered(name));
    return found == pairs_.end() ? std::string{} : found->second;
  }

 private:
  std::map<std::string, std::string> pairs_;
};

bool is_account_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 24 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

Result<std::string> checked_endpoint(std::string endpoint) {
  while (endpoint.ends_with('/')) endpoint.pop_back();
  auto url = net::parse_url(endpoint);
  if (!url) return fail(ErrorKind::invalid, "the storage endpoint is no URL");
  if (url->scheme != "https" && url->scheme != "http")
    return fail(ErrorKind::invalid, "the storage endpoint must begin with https:// or http://");
  if (!url->user_info.empty() || url->target.find_first_of("?#") != std::string::npos)
    return fail(ErrorKind::invalid, "the storage endpoint must have no user, query or fragment");
  if (url->scheme == "http" && !net::is_loopback(url->host) && !url->host.ends_with(".localhost"))
    return fail(ErrorKind::invalid,
                "the storage endpoint must be https; http is for an emulator on this machine");
  return endpoint;
}

Result<AzureAccount> with_key(AzureAccount account, std::string key) {
  const auto decoded = base64::decode(key);
  if (!decoded || decoded->empty())
    return fail(ErrorKind::invalid, "the storage account's key is not base64");
  account.credential = AzureCredential::shared_key;
  account.key = Secret(std::move(key));
  return account;
}

Result<AzureAccount> with_sas(AzureAccount account, std::string sas) {
  if (sas.starts_with('?')) sas.erase(0, 1);
  if (("&" + sas).find("&sig=") == std::string::npos)
    return fail(ErrorKind::invalid, "the storage SAS token has no signature (sig=)");
  if (sas.find_first_of(" #\r\n\t\"<>") != std::string::npos)
    return fail(ErrorKind::invalid, "the storage SAS token is not a query string");
  account.credential = AzureCredential::sas;
  account.sas = Secret(std::move(sas));
  return account;
}

// The account's name as it stands in an endpoint: in front of ".blob.", or first in the path.
std::string account_in(const std::string& endpoint) {
  const auto url = net::parse_url(endpoint);
  if (!url) return {};
  const auto dot = url->host.find(".blob.");
  if (dot != std::string::npos) return url->host.substr(0, dot);
  const auto segment = url->target.substr(1, url->target.find('/', 1) - 1);
  return segment;
}

Result<std::string> composed_endpoint(const Pairs& pairs, const std::string& account) {
  auto protocol = lowered(pairs.get("DefaultEndpointsProtocol"));
  if (protocol.empty()) protocol = "https";
  if (protocol != "https" && protocol != "http")
    return fail(ErrorKind::invalid,
                "DefaultEndpointsProtocol in the storage connection string is not https or http");
  auto suffix = lowered(pairs.get("EndpointSuffix"));
  if (suffix.empty()) suffix = "core.windows.net";
  if (!is_host_name(suffix))
    return fail(ErrorKind::invalid, "EndpointSuffix in the storage connection string is no name");
  return checked_endpoint(fmt::format("{}://{}.blob.{}", protocol, account, suffix));
}

Result<AzureAccount> emulator(const Pairs& pairs) {
  auto host = pairs.get("DevelopmentStorageProxyUri");
  if (host.empty()) host = "http://127.0.0.1";
  while (host.ends_with('/')) host.pop_back();
  auto endpoint = checked_endpoint(fmt::format("{}:10000/{}", host, emulator_account));
  if (!endpoint) return Failure(endpoint.error());
  return with_key({.name = emulator_account, .endpoint = std::move(*endpoint)}, emulator_key);
}

}  // namespace

Result<AzureAccount> parse_connection_string(const Secret& text) {
  if (text.reveal().size() > text_bytes_max)
    return fail(ErrorKind::invalid, "the storage connection string is too long");
  const Pairs pairs(text.reveal());
  if (lowered(pairs.get("UseDevelopmentStorage")) == "true") return emulator(pairs);

  AzureAccount account{.name = pairs.get("AccountName")};
  const auto given = pairs.get("BlobEndpoint");
  if (!given.empty()) {
    auto endpoint = checked_endpoint(given);
    if (!endpoint) return Failure(endpoint.error());
    account.endpoint = std::move(*endpoint);
    if (account.name.empty()) account.name = account_in(account.endpoint);
  }
  if (account.name.empty())
    return fail(ErrorKind::invalid, "the storage connection string has no AccountName");
  if (!is_account_name(account.name))
    return fail(ErrorKind::invalid,
                "AccountName in the storage connection string is not 3 to 24 lower-case letters "
                "and digits");
  if (account.endpoint.empty()) {
    auto endpoint = composed_endpoint(pairs, account.name);
    if (!endpoint) return Failure(endpoint.error());
    account.endpoint = std::move(*endpoint);
  }
  if (auto key = pairs.get("AccountKey"); !key.empty())
    return with_key(std::move(account), std::move(key));
  if (auto sas = pairs.get("SharedAccessSignature"); !sas.empty())
    return with_sas(std::move(account), std::move(sas));
  return fail(ErrorKind::invalid,
              "the storage connection string has neither AccountKey nor SharedAccessSignature");
}

Result<AzureAccount> make_account(AzureAccountSettings settings) {
  if (!is_account_name(settings.account))
    return fail(ErrorKind::invalid,
                "the storage account's name is not 3 to 24 lower-case letters and digits");
  if (settings.endpoint.empty())
    settings.endpoint = fmt::format("https://{}.blob.core.windows.net", settings.account);
  auto endpoint = checked_endpoint(std::move(settings.endpoint));
  if (!endpoint) return Failure(endpoint.error());
  AzureAccount account{.name = std::move(settings.account), .endpoint = std::move(*endpoint)};
  if (!settings.key.empty()) return with_key(std::move(account), settings.key.reveal());
  if (!settings.sas.empty()) return with_sas(std::move(account), settings.sas.reveal());
  if (!settings.use_entra)
    return fail(ErrorKind::invalid,
                "the storage account has no credential: a key, a SAS token, or Entra");
  account.credential = AzureCredential::entra;
  return account;
}

bool is_container_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63 || name.starts_with('-') || name.ends_with('-') ||
      name.find("--") != std::string_view::npos)
    return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

}  // namespace earshot::blob
