#include "blob/shared_key.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <vector>

namespace earshot::blob {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

// Trimmed, and inner white space as one space.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string canonical_headers(const net::HttpHeaders& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers)
    if (auto lower = lowered(name); lower.starts_with("x-ms-"))
      sorted.emplace(std::move(lower), folded(value));
  std::string out;
  for (const auto& [name, value] : sorted) {
    out += name;
    out += ':';
    out += value;
    out += '\n';
  }
  return out;
}

std::string canonical_resource(std::string_view target, std::string_view account) {
  const auto question = target.find('?');
  std::string out = "/" + std::string(account) + std::string(target.substr(0, question));
  if (question == std::string_view::npos) return out;
  std::map<std::string, std::vector<std::string>> parameters;
  auto query = target.substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = net::percent_decode(pair.substr(0, equals));
    const auto value = net::percent_decode(pair.substr(std::min(equals + 1, pair.size())));
    if (name && value) parameters[lowered(*name)].push_back(*value);
  }
  for (auto& [name, values] : parameters) {
    std::ranges::sort(values);
    out += "\n" + name + ":" + fmt::format("{}", fmt::join(values, ","));
  }
  return out;
}

std::string_view without_secondary(std::string_view account) {
  constexpr std::string_view ending = "-secondary";
  return account.ends_with(ending) ? account.substr(0, account.size() - ending.size()) : account;
}

}  // namespace

std::string string_to_sign(const SignedRequest& request, std::string_view account) {
  const auto& headers = request.headers;
  const bool has_ms_date = headers.find("x-ms-date").has_value();
  const auto length = request.content_length == 0 ? "" : std::to_string(request.content_length);
  std::string out;
  for (const std::string_view line :
       {request.method, headers.get("Content-Encoding"), headers.get("Content-Language"),
        std::string_view(length), headers.get("Content-MD5"), headers.get("Content-Type"),
        has_ms_date ? std::string_view{} : headers.get("Date"), headers.get("If-Modified-Since"),
        headers.get("If-Match"), headers.get("If-None-Match"), headers.get("If-Unmodified-Since"),
        headers.get("Range")}) {
    out += line;
    out += '\n';
  }
  return out + canonical_headers(headers) +
         canonical_resource(request.target, without_secondary(account));
}

Result<std::string> shared_key_authorization(const SignedRequest& request, std::string_view account,
                                             const Secret& key) {
  const auto bytes = base64::decode(key.reveal());
  if (!bytes) return fail(ErrorKind::invalid, "the storage account's key is not base64");
  const auto text = string_to_sign(request, account);
  return fmt::format("SharedKey {}:{}", without_secondary(account),
                     base64::encode(crypto::hmac_sha256(*bytes, as_bytes(text))));
}

}  // namespace earshot::blob
