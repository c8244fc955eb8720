#include "net/url.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <fmt/format.h>

namespace earshot::net {

namespace {

// Longer ones are nobody's address.
constexpr std::size_t url_bytes_max = 8192;

struct SchemePort {
  std::string_view scheme;
  std::uint16_t port;
};
constexpr std::array<SchemePort, 4> schemes{
    {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}}};

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return result;
}

std::uint16_t default_port(std::string_view scheme) {
  for (const auto& known : schemes)
    if (known.scheme == scheme) return known.port;
  return 0;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
  return out;
}

// `authority` is what stands between "//" and the path: Boost.URL has checked its grammar.
Result<void> take_authority(const boost::urls::url_view& view, Url& url) {
  const std::string_view host(view.encoded_host().data(), view.encoded_host().size());
  if (host.empty()) return fail(ErrorKind::invalid, "a URL needs a host");
  url.host = lower_case(host);
  if (url.host.front() == '[') url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.find('%') != std::string::npos)
    return fail(ErrorKind::invalid, "a host name has no percent signs");
  url.port = default_port(url.scheme);
  if (view.has_port() && !view.port().empty()) {
    // Boost.URL 1.81 lets a number beyond 16 bits wrap round.
    const std::string_view digits(view.port().data(), view.port().size());
    unsigned number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size() || number == 0 ||
        number > 65'535)
      return fail(ErrorKind::invalid, "a URL's port is between 1 and 65535");
    url.port = static_cast<std::uint16_t>(number);
    url.port_given = true;
  }
  if (view.has_userinfo())
    url.user_info.assign(view.encoded_userinfo().data(), view.encoded_userinfo().size());
  return ok();
}

}  // namespace

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  std::string text = is_v6 ? fmt::format("[{}]", host) : host;
  if (port != default_port(scheme)) text += fmt::format(":{}", port);
  return text;
}

std::string Url::text() const { return fmt::format("{}://{}{}", scheme, authority(), target); }

Result<Url> parse_url(std::string_view text) {
  if (text.size() > url_bytes_max) return fail(ErrorKind::invalid, "a URL longer than 8192 bytes");
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed) return fail(ErrorKind::invalid, "not a URL: " + parsed.error().message());
  const boost::urls::url_view& view = *parsed;

  Url url;
  url.scheme = lower_case(std::string_view(view.scheme().data(), view.scheme().size()));
  if (default_port(url.scheme) == 0)
    return fail(ErrorKind::invalid, "a URL's scheme is http, https, ws or wss");
  if (!view.has_authority()) return fail(ErrorKind::invalid, "a URL needs a host");
  if (auto taken = take_authority(view, url); !taken) return Failure(taken.error());
  url.target.assign(view.encoded_path().data(), view.encoded_path().size());
  if (url.target.empty()) url.target = "/";
  // Boost.URL 1.81 calls what cannot belong to the host or port, such as a second @, the beginning
  // of the path.
  if (url.target.front() != '/')
    return fail(ErrorKind::invalid, "not a URL: the host or port is malformed");
  if (view.has_query()) {
    url.target += '?';
    url.target.append(view.encoded_query().data(), view.encoded_query().size());
  }
  return url;
}

bool is_loopback(std::string_view host) {
  const std::string name = lower_case(host);
  if (name == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, name.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return false;
}

std::string percent_encode(std::string_view text) { return encode(text, false); }

std::string percent_encode_path(std::string_view text) { return encode(text, true); }

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto decoded = [](std::string_view part) {
    std::string text(part);
    std::ranges::replace(text, '+', ' ');
    // What is not percent-encoding stands for itself, as browsers have it.
    return percent_decode(text).value_or(text);
  };
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    pairs.emplace_back(decoded(part.substr(0, equals)),
                       equals == std::string_view::npos ? "" : decoded(part.substr(equals + 1)));
  }
  return pairs;
}

}  // namespace earshot::net
