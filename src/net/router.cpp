#include "net/router.hpp"

#include "base/invariant.hpp"
#include "net/url.hpp"

namespace earshot::net {

namespace {

// Deeper paths are nobody's route.
constexpr std::size_t path_segments_max = 64;

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }
bool is_rest(std::string_view segment) { return is_parameter(segment) && segment.ends_with("*}"); }
std::string parameter_name(std::string_view segment) {
  return std::string(segment.substr(1, segment.size() - (is_rest(segment) ? 3 : 2)));
}

// "/a/b" is {"a", "b"}; "/" is {""}.
std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

// "." or ".." between slashes, whether those were written or decoded from %2F.
bool climbs(std::string_view decoded) {
  while (true) {
    const auto slash = decoded.find('/');
    const auto part = decoded.substr(0, slash);
    if (part == "." || part == "..") return true;
    if (slash == std::string_view::npos) return false;
    decoded.remove_prefix(slash + 1);
  }
}

// The path's segments, decoded one by one, so that an encoded slash never separates. Nothing for a
// path that no honest client sends: broken encoding, a NUL, and what a file handler might follow
// out of its folder.
std::optional<std::vector<std::string>> decode_segments(std::string_view path) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  std::vector<std::string> segments = split(path);
  if (segments.size() > path_segments_max) return std::nullopt;
  for (auto& segment : segments) {
    auto decoded = percent_decode(segment);
    if (!decoded || climbs(*decoded) || decoded->find('\0') != std::string::npos)
      return std::nullopt;
    segment = std::move(*decoded);
  }
  return segments;
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::optional<Parameters> fit(const std::vector<std::string>& pattern,
                              const std::vector<std::string>& path) {
  Parameters parameters;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_rest(pattern[i])) {
      std::string rest;
      for (std::size_t k = i; k < path.size(); ++k) rest += (k == i ? "" : "/") + path[k];
      parameters.emplace_back(parameter_name(pattern[i]), std::move(rest));
      return parameters;
    }
    if (i >= path.size()) return std::nullopt;
    if (is_parameter(pattern[i])) {
      if (path[i].empty()) return std::nullopt;
      parameters.emplace_back(parameter_name(pattern[i]), path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  if (pattern.size() != path.size()) return std::nullopt;
  return parameters;
}

void add_method(std::string& list, std::string_view method) {
  if (list == method || list.starts_with(std::string(method) + ",") ||
      list.find(" " + std::string(method)) != std::string::npos)
    return;
  if (!list.empty()) list += ", ";
  list += method;
}

std::vector<std::string> checked_pattern(const std::string& pattern) {
  CHECK_INVARIANT(pattern.starts_with('/'), "a route's pattern starts with a slash");
  auto segments = split(pattern);
  for (std::size_t i = 0; i + 1 < segments.size(); ++i)
    CHECK_INVARIANT(!is_rest(segments[i]), "only a pattern's last segment takes the rest");
  return segments;
}

}  // namespace

void Router::add(std::string method, std::string pattern, HttpHandler handler,
                 RouteOptions options) {
  routes_.push_back({.method = std::move(method),
                     .segments = checked_pattern(pattern),
                     .handler = std::move(handler),
                     .options = options});
}

void Router::add_websocket(std::string pattern, WebSocketGate gate, WebSocketHandler handler,
                           std::string subprotocol) {
  routes_.push_back({.method = "GET",
                     .segments = checked_pattern(pattern),
                     .gate = std::move(gate),
                     .websocket = std::move(handler),
                     .subprotocol = std::move(subprotocol)});
}

void Router::set_fallback(HttpHandler handler) { fallback_ = std::move(handler); }

Router::Match Router::match(std::string_view method, std::string_view path,
                            bool wants_upgrade) const {
  Match match;
  const auto segments = decode_segments(path);
  if (!segments) return match;
  if (wants_upgrade && find_route("GET", *segments, true, match)) return match;
  if (find_route(method == "HEAD" ? "GET" : method, *segments, false, match)) return match;
  if (match.allowed_methods.empty() && fallback_) match.handler = &fallback_;
  return match;
}

bool Router::find_route(std::string_view method, const std::vector<std::string>& segments,
                        bool websocket, Match& match) const {
  for (const Route& route : routes_) {
    if (static_cast<bool>(route.websocket) != websocket) continue;
    auto parameters = fit(route.segments, segments);
    if (!parameters) continue;
    if (route.method != method) {
      add_method(match.allowed_methods, route.method);
      if (route.method == "GET") add_method(match.allowed_methods, "HEAD");
      continue;
    }
    match.handler = route.handler ? &route.handler : nullptr;
    match.gate = route.gate ? &route.gate : nullptr;
    match.websocket = route.websocket ? &route.websocket : nullptr;
    match.body_bytes_max = route.options.body_bytes_max;
    match.subprotocol = route.subprotocol;
    match.parameters = std::move(*parameters);
    match.allowed_methods.clear();
    return true;
  }
  return false;
}

}  // namespace earshot::net
