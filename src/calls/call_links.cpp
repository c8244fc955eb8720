#include "calls/call_links.hpp"

namespace earshot::calls {
namespace {

std::string_view without_slash(std::string_view host) {
  while (host.ends_with('/')) host.remove_suffix(1);
  return host;
}

// Ids are UUIDs and keys base64url, so nothing here needs percent-encoding.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const auto part : parts) text += part;
  return text;
}

}  // namespace

std::string callback_uri(std::string_view host, const Call& call) {
  return joined({without_slash(host), "/api/callbacks/", call.id.text, "?k=", call.link_key});
}

std::string media_uri(std::string_view host, const Call& call) {
  host = without_slash(host);
  const bool plain = host.starts_with("http://");
  const auto scheme_end = host.find("://");
  if (scheme_end != std::string_view::npos) host.remove_prefix(scheme_end + 3);
  return joined({plain ? "ws://" : "wss://", host, "/ws/", call.id.text, "?k=", call.link_key});
}

std::string recording_state_uri(std::string_view host, const Call& call) {
  return joined({without_slash(host), "/api/callbacks?c=", call.id.text, "&k=", call.link_key});
}

}  // namespace earshot::calls
