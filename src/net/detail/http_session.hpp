#pragma once
// One connection of an HttpServer: requests one after another, until it is closed or becomes a
// WebSocket.

#include "net/detail/deadline.hpp"
#include "net/detail/stream.hpp"
#include "net/detail/websocket_core.hpp"
#include "net/http_server.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace earshot::net::detail {

class HttpSession;

struct HttpServerMetrics {
  explicit HttpServerMetrics(Counters& counters);
  Counter& requests;
  Counter& connections_over_limit;
  Counter& accept_failures;
  Counter& malformed;
  Counter& timeouts;
  Counter& bodies_too_large;
  Counter& handler_failures;
  Gauge& connections;
  Gauge& websockets;
};

// What the sessions of one server share. Touched on the server's executor only.
struct HttpServerState {
  HttpServerState(Executor& executor_in, Clock& clock_in, Log& log_in, Counters& counters,
                  const Router& router_in, HttpServerOptions options_in)
      : executor(executor_in),
        clock(clock_in),
        log(log_in),
        router(router_in),
        options(std::move(options_in)),
        metrics(counters),
        changed(clock_in.make_signal()) {}

  Executor& executor;
  Clock& clock;
  Log& log;
  const Router& router;
  const HttpServerOptions options;
  HttpServerMetrics metrics;
  std::set<HttpSession*> sessions;
  bool stopping = false;
  // The server object is gone, and with it perhaps what the references above mean: sessions that
  // the event loop destroys later touch none of it.
  bool gone = false;
  std::unique_ptr<Signal> changed;  // a session ended
};

class HttpSession : public std::enable_shared_from_this<HttpSession> {
 public:
  HttpSession(std::shared_ptr<HttpServerState> server, Accepted accepted);
  ~HttpSession();

  static Task<void> run(std::shared_ptr<HttpSession> session);
  // Nobody waits for an answer on it.
  bool is_idle() const { return phase_ == Phase::idle; }
  void cut();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  enum class Phase { idle, busy };
  // How the reading of a part of the request ended.
  enum class Outcome { done, closed, answered };

  Task<void> serve();
  Task<bool> serve_request();
  Task<Outcome> read_header(Parser& parser);
  Task<Outcome> read_body(Parser& parser, std::size_t bytes_max);
  Task<bool> read_more();
  std::optional<HttpResponse> fault_of_header(const Parser& parser) const;
  HttpRequest to_request(Parser& parser) const;
  Task<HttpResponse> call_handler(const HttpHandler* handler, HttpRequest request);
  Task<bool> upgrade(Parser& parser, HttpRequest request, Router::Match match);
  Task<void> become_websocket(WebSocketCore::Request handshake, HttpRequest request,
                              Router::Match match);

  // These give false when the connection cannot go on.
  Task<bool> write_response(HttpResponse response, bool keep_alive, bool head_only);
  Task<bool> write_stream(HttpResponse response, std::string head);
  Task<bool> write_text(std::string text);
  // Answers a request whose body is not going to be read, then closes without cutting the answer
  // off.
  Task<void> refuse(HttpResponse response);
  Task<void> linger();
  void reset();

  std::string head_of(const HttpResponse& response, bool keep_alive) const;
  void allow(Duration time);
  void on_deadline();
  void count_handler_failure(std::string_view what, const std::string& path);

  std::shared_ptr<HttpServerState> server_;
  std::string peer_;
  std::optional<Stream> stream_;
  std::weak_ptr<WebSocketCore> websocket_;
  boost::beast::flat_buffer buffer_;
  Deadline deadline_;
  Phase phase_ = Phase::idle;
  bool chunks_understood_ = true;  // HTTP/1.0 knows none: there the end of the stream is the end
  bool timed_out_ = false;
  bool cut_ = false;
};

// What the server itself answers with: problem_response of net/http_message.hpp.
HttpResponse error_response(int status, std::string_view code, std::string_view message);

}  // namespace earshot::net::detail
