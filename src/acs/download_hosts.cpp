#include "acs/download_hosts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace earshot::acs {
namespace {

// As Microsoft's own client has it.
constexpr std::array<std::string_view, 3> acs_suffixes{
    ".asm.skype.com", ".asyncgw.teams.microsoft.com", ".ams.gov.teams.microsoft.us"};

bool is_below(std::string_view host, std::string_view suffix) {
  return host.size() > suffix.size() && host.ends_with(suffix);
}

bool is_host_text(std::string_view text) {
  return !text.empty() && text != "." && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-';
  });
}

Failure refused(std::string why) {
  return Failure(
      Error{.kind = ErrorKind::refused, .message = std::move(why), .code = "host_not_allowed"});
}

}  // namespace

Result<DownloadHosts> DownloadHosts::make(std::vector<std::string> more) {
  DownloadHosts hosts;
  for (auto& text : more) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto colon = text.find(':');
    Entry entry{.host = text.substr(0, colon)};
    bool good = is_host_text(entry.host);
    if (colon != std::string::npos) {
      const auto* begin = text.data() + colon + 1;
      const auto* end = text.data() + text.size();
      const auto parsed = std::from_chars(begin, end, entry.port);
      good = good && parsed.ec == std::errc{} && parsed.ptr == end && entry.port != 0;
    }
    if (!good)
      return fail(ErrorKind::invalid,
                  fmt::format("'{}' is no host, host:port or .suffix of hosts", text));
    hosts.entries_.push_back(std::move(entry));
  }
  return hosts;
}

bool DownloadHosts::is_listed(const net::Url& url) const {
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    const bool host =
        entry.host.starts_with('.') ? is_below(url.host, entry.host) : url.host == entry.host;
    return host && (entry.port == 0 || entry.port == url.port);
  });
}

Result<net::Url> DownloadHosts::check(std::string_view location) const {
  auto url = net::parse_url(location);
  if (!url) return refused("a location of ACS's is no URL");
  if (!url->user_info.empty()) return refused("a location of ACS's names a user");
  if (url->scheme != "https" && url->scheme != "http")
    return refused("a location of ACS's is neither https nor http");
  const bool listed = is_listed(*url);
  if (url->scheme == "http" && !(listed && net::is_loopback(url->host)))
    return refused(fmt::format("plain http to {}", url->host));
  const bool known = url->port == 443 && std::ranges::any_of(acs_suffixes, [&](auto suffix) {
                       return is_below(url->host, suffix);
                     });
  if (!known && !listed)
    return refused(fmt::format(
        "{} is none of ACS's storage hosts, and not in RECORDING_DOWNLOAD_HOSTS", url->host));
  return url;
}

}  // namespace earshot::acs
