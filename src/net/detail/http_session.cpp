#include "net/detail/http_session.hpp"

#include "base/base64.hpp"
#include "net/detail/asio_executor.hpp"
#include "net/url.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace earshot::net::detail {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

// The path as received: what stands before the query, without the "http://host" that a proxy's form
// has in front.
std::optional<std::string> raw_path_of(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const auto slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target.empty() || target.front() != '/') return std::nullopt;
  return std::string(target.substr(0, target.find('?')));
}

bool names_websocket(const http::fields& fields) {
  return http::token_list(fields[http::field::upgrade]).exists("websocket");
}

// RFC 6455, section 4.1: 16 bytes in base64.
bool has_websocket_key(const http::fields& fields) {
  const auto key = base64::decode(view_of(fields[http::field::sec_websocket_key]));
  return key && key->size() == 16;
}

}  // namespace

HttpResponse error_response(int status, std::string_view code, std::string_view message) {
  return problem_response(status, code, message);
}

HttpServerMetrics::HttpServerMetrics(Counters& counters)
    : requests(counters.counter("earshot_http_requests_total", "Requests answered")),
      connections_over_limit(counters.counter("earshot_http_connections_over_limit_total",
                                              "Connections closed because too many stood")),
      accept_failures(counters.counter("earshot_http_accept_failures_total",
                                       "Accepts that failed, such as for want of descriptors")),
      malformed(counters.counter("earshot_http_malformed_requests_total", "Requests answered 400")),
      timeouts(counters.counter("earshot_http_timeouts_total",
                                "Connections ended because the peer was too slow")),
      bodies_too_large(
          counters.counter("earshot_http_bodies_too_large_total", "Requests answered 413")),
      handler_failures(
          counters.counter("earshot_http_handler_failures_total", "Handlers that threw")),
      connections(counters.gauge("earshot_http_connections", "Connections that stand")),
      websockets(counters.gauge("earshot_http_websockets", "WebSockets that stand")) {}

HttpSession::HttpSession(std::shared_ptr<HttpServerState> server, Accepted accepted)
    : server_(std::move(server)),
      peer_(std::move(accepted.peer)),
      stream_(std::in_place, io_context_of(server_->executor), std::move(accepted.socket),
              server_->options.tls),
      deadline_(server_->executor, server_->clock, [this] { on_deadline(); }) {
  server_->sessions.insert(this);
  server_->metrics.connections.add(1);
}

HttpSession::~HttpSession() {
  server_->sessions.erase(this);
  if (server_->gone) return;
  server_->metrics.connections.add(-1);
  server_->changed->notify();
}

void HttpSession::cut() {
  cut_ = true;
  if (auto websocket = websocket_.lock()) websocket->abort("the server stopped");
  if (stream_) stream_->close();
}

void HttpSession::allow(Duration time) { deadline_.set(server_->clock.steady_now() + time); }

void HttpSession::on_deadline() {
  timed_out_ = true;
  server_->metrics.timeouts.add();
  if (stream_) stream_->cancel();
}

Task<void> HttpSession::run(std::shared_ptr<HttpSession> session) {
  // A session that fails ends alone; the log has its line from count_handler_failure or here.
  try {
    co_await session->serve();
  } catch (const std::exception& error) {
    session->server_->log.error("http session failed", {{"what", error.what()}});
  } catch (...) {
    session->server_->log.error("http session failed", {{"what", "unknown exception"}});
  }
}

Task<void> HttpSession::serve() {
  allow(server_->options.header_timeout);
  if (auto secured = co_await stream_->handshake_as_server(); !secured) {
    server_->log.debug("tls handshake failed",
                       {{"peer", peer_}, {"reason", secured.error().message}});
    co_return;
  }
  while (!cut_ && co_await serve_request()) {
    if (server_->stopping) break;
    timed_out_ = false;
    if (buffer_.size() == 0) {
      buffer_.shrink_to_fit();
      phase_ = Phase::idle;
      allow(server_->options.idle_timeout);
      if (!co_await read_more()) break;
      phase_ = Phase::busy;
    }
    allow(server_->options.header_timeout);
  }
  if (stream_) stream_->close();
}

// Gives true when another request may follow.
Task<bool> HttpSession::serve_request() {
  Parser parser;
  if (co_await read_header(parser) != Outcome::done) co_return false;
  server_->metrics.requests.add();
  if (auto fault = fault_of_header(parser)) {
    co_await refuse(std::move(*fault));
    co_return false;
  }
  HttpRequest request = to_request(parser);
  const auto raw_path = raw_path_of(request.target).value_or("");
  const bool wants_upgrade = request.method == "GET" && names_websocket(parser.get());
  auto match = server_->router.match(request.method, raw_path, wants_upgrade);
  if (match.websocket != nullptr) co_return co_await upgrade(parser, std::move(request), match);

  const auto bytes_max =
      match.body_bytes_max > 0 ? match.body_bytes_max : server_->options.body_bytes_max;
  if (co_await read_body(parser, bytes_max) != Outcome::done) co_return false;
  const bool keep_alive = parser.get().keep_alive();
  chunks_understood_ = parser.get().version() >= 11;
  const bool head_only = request.method == "HEAD";
  deadline_.clear();
  HttpResponse response;
  if (match.handler != nullptr) {
    request.body = std::move(parser.get().body());
    request.path_parameters = std::move(match.parameters);
    response = co_await call_handler(match.handler, std::move(request));
  } else if (!match.allowed_methods.empty()) {
    response = error_response(405, "method_not_allowed", "this path has other methods");
    response.headers.set("Allow", match.allowed_methods);
  } else if (server_->router.match("GET", raw_path, true).websocket != nullptr) {
    response = error_response(426, "upgrade_required", "this path is a WebSocket");
    response.headers.set("Upgrade", "websocket");
    response.headers.set("Sec-WebSocket-Version", "13");
  } else {
    response = error_response(404, "not_found", "there is nothing at this path");
  }
  co_return co_await write_response(std::move(response), keep_alive, head_only);
}

Task<HttpSession::Outcome> HttpSession::read_header(Parser& parser) {
  parser.header_limit(static_cast<std::uint32_t>(server_->options.header_bytes_max));
  parser.body_limit(boost::none);  // the route decides, once it is known
  while (!parser.is_header_done()) {
    boost::system::error_code error = http::error::need_more;
    if (buffer_.size() > 0) buffer_.consume(parser.put(buffer_.data(), error));
    if (error == http::error::need_more) {
      phase_ = buffer_.size() == 0 ? Phase::idle : Phase::busy;
      const bool more = co_await read_more();
      phase_ = Phase::busy;
      if (more) continue;
      if (!timed_out_ || cut_) co_return Outcome::closed;
      // Silence from the start is a connection kept in hand, not half a request.
      if (buffer_.size() > 0)
        co_await refuse(
            error_response(408, "request_timeout", "the request's header took too long"));
      co_return Outcome::answered;
    }
    if (error) {
      server_->metrics.malformed.add();
      co_await refuse(
          error == http::error::header_limit
              ? error_response(431, "header_too_large", "the request's header is too large")
              : error_response(400, "bad_request", "this is no HTTP/1.1 request"));
      co_return Outcome::answered;
    }
  }
  co_return Outcome::done;
}

std::optional<HttpResponse> HttpSession::fault_of_header(const Parser& parser) const {
  const auto& message = parser.get();
  const auto bad = [&](std::string_view why) {
    server_->metrics.malformed.add();
    return error_response(400, "bad_request", why);
  };
  if (message.version() != 10 && message.version() != 11)
    return error_response(505, "version_not_supported", "HTTP/1.1 is spoken here");
  if (message.version() == 11 && message.count(http::field::host) != 1)
    return bad("a request has one Host header");
  const auto encoding = message[http::field::transfer_encoding];
  if (!encoding.empty() && !boost::beast::iequals(encoding, "chunked"))
    return error_response(501, "not_implemented", "the only transfer encoding here is chunked");
  const auto raw_path = raw_path_of(view_of(message.target()));
  if (!raw_path) return bad("a request's target is a path");
  const auto path = percent_decode(*raw_path);
  if (!path || path->find('\0') != std::string::npos) return bad("the path's encoding is broken");
  const auto expect = message[http::field::expect];
  if (!expect.empty() && !boost::beast::iequals(expect, "100-continue"))
    return error_response(417, "expectation_failed", "the only expectation met is 100-continue");
  return std::nullopt;
}

HttpRequest HttpSession::to_request(Parser& parser) const {
  const auto& message = parser.get();
  HttpRequest request;
  request.method = view_of(message.method_string());
  request.target = view_of(message.target());
  request.path = percent_decode(raw_path_of(request.target).value_or("")).value_or("");
  for (const auto& field : message)
    request.headers.add(std::string(view_of(field.name_string())),
                        std::string(view_of(field.value())));
  request.peer = peer_;
  return request;
}

Task<HttpSession::Outcome> HttpSession::read_body(Parser& parser, std::size_t bytes_max) {
  const auto too_large = [&] {
    server_->metrics.bodies_too_large.add();
    return error_response(413, "payload_too_large", "the request's body is too large");
  };
  if (parser.content_length().value_or(0) > bytes_max) {
    co_await refuse(too_large());
    co_return Outcome::answered;
  }
  if (parser.is_done()) co_return Outcome::done;
  parser.body_limit(bytes_max);
  parser.eager(true);
  allow(server_->options.body_timeout);
  if (!parser.get()[http::field::expect].empty() && buffer_.size() == 0)
    if (!co_await write_text("HTTP/1.1 100 Continue\r\n\r\n")) co_return Outcome::closed;
  allow(server_->options.body_timeout);
  while (!parser.is_done()) {
    boost::system::error_code error = http::error::need_more;
    if (buffer_.size() > 0) buffer_.consume(parser.put(buffer_.data(), error));
    if (error == http::error::need_more) {
      if (co_await read_more()) continue;
      if (cut_) co_return Outcome::closed;
      if (!timed_out_) server_->metrics.malformed.add();
      // A peer that shut only its own side still hears this; for one that is gone it is nothing.
      co_await refuse(
          timed_out_
              ? error_response(408, "request_timeout", "the request's body took too long")
              : error_response(400, "bad_request", "the request's body ends before its length"));
      co_return Outcome::answered;
    }
    if (error) {
      if (error != http::error::body_limit) server_->metrics.malformed.add();
      co_await refuse(error == http::error::body_limit
                          ? too_large()
                          : error_response(400, "bad_request", "the request's body is broken"));
      co_return Outcome::answered;
    }
  }
  co_return Outcome::done;
}

Task<HttpResponse> HttpSession::call_handler(const HttpHandler* handler, HttpRequest request) {
  const std::string path = request.path;
  std::string what;
  try {
    co_return co_await (*handler)(std::move(request));
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "unknown exception";
  }
  count_handler_failure(what, path);
  co_return error_response(500, "internal_error", "the service failed on this request");
}

void HttpSession::count_handler_failure(std::string_view what, const std::string& path) {
  server_->metrics.handler_failures.add();
  server_->log.error("http handler failed", {{"path", path}, {"what", what}});
}

Task<bool> HttpSession::upgrade(Parser& parser, HttpRequest request, Router::Match match) {
  request.path_parameters = std::move(match.parameters);
  // RFC 6455, section 4.1: the client sends nothing before it has the answer.
  if (!boost::beast::websocket::is_upgrade(parser.get()) || !parser.is_done() ||
      buffer_.size() > 0 || !has_websocket_key(parser.get())) {
    server_->metrics.malformed.add();
    co_await refuse(error_response(400, "bad_request", "this is no WebSocket handshake"));
    co_return false;
  }
  if (parser.get()[http::field::sec_websocket_version] != "13") {
    server_->metrics.malformed.add();
    auto other = error_response(426, "upgrade_required", "WebSocket version 13 is spoken here");
    other.headers.set("Upgrade", "websocket");
    other.headers.set("Sec-WebSocket-Version", "13");
    co_await refuse(std::move(other));
    co_return false;
  }
  deadline_.clear();
  std::optional<HttpResponse> refusal;
  std::string what;
  try {
    if (match.gate != nullptr) refusal = co_await (*match.gate)(request);
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "unknown exception";
  }
  if (!what.empty()) {
    count_handler_failure(what, request.path);
    refusal = error_response(500, "internal_error", "the service failed on this request");
  }
  if (refusal)
    co_return co_await write_response(std::move(*refusal), parser.get().keep_alive(), false);
  if (cut_ || server_->stopping) co_return false;
  co_await become_websocket(parser.release(), std::move(request), std::move(match));
  co_return false;
}

Task<void> HttpSession::become_websocket(WebSocketCore::Request handshake, HttpRequest request,
                                         Router::Match match) {
  auto& options = server_->options;
  auto core =
      std::make_shared<WebSocketCore>(WebSocketCore::Role::server, std::move(*stream_),
                                      server_->executor, server_->clock, options.websocket, peer_);
  stream_.reset();
  buffer_.clear();
  buffer_.shrink_to_fit();
  websocket_ = core;
  auto socket = make_websocket(core);
  const auto until = server_->clock.steady_now() + options.websocket.handshake_timeout;
  auto offered = http::token_list(handshake[http::field::sec_websocket_protocol]);
  std::string chosen = offered.exists(match.subprotocol) ? match.subprotocol : std::string();
  phase_ = Phase::busy;
  if (const auto error = co_await core->accept(std::move(handshake), std::move(chosen), until)) {
    server_->log.debug("websocket handshake failed",
                       {{"peer", peer_}, {"reason", error.message()}});
    co_return;
  }
  core->start();
  core.reset();
  const std::string path = request.path;
  std::string what;
  server_->metrics.websockets.add(1);
  try {
    co_await (*match.websocket)(std::move(request), std::move(socket));
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "unknown exception";
  }
  server_->metrics.websockets.add(-1);
  if (!what.empty()) count_handler_failure(what, path);
}

}  // namespace earshot::net::detail
