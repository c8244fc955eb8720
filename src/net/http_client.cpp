#include "net/http_client.hpp"

#include "net/detail/curl_multi.hpp"
#include "net/detail/waiter.hpp"
#include "net/url.hpp"

#include <cstring>
#include <fmt/format.h>
#include <set>
#include <sys/socket.h>

namespace earshot::net {

namespace {

// Headers of one response, all told.
constexpr std::size_t response_header_bytes_max = 256 << 10;

struct Slist {
  curl_slist* head = nullptr;
  Slist() = default;
  Slist(const Slist&) = delete;
  ~Slist() { curl_slist_free_all(head); }
  void add(const std::string& line) { head = curl_slist_append(head, line.c_str()); }
};

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

Result<Url> check(const HttpCall& call) {
  auto url = parse_url(call.url);
  if (!url) return url;
  if (url->scheme != "http" && url->scheme != "https")
    return fail(ErrorKind::invalid, "an HTTP call's URL is http or https");
  if (call.method.empty() ||
      call.method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") != std::string::npos)
    return fail(ErrorKind::invalid, "an HTTP method is upper-case letters");
  for (const auto& [name, value] : call.headers)
    if (name.empty() || name.find_first_of(": \t") != std::string::npos || !is_one_line(name) ||
        !is_one_line(value))
      return fail(ErrorKind::invalid, "a header's name or value is not allowed");
  return url;
}

// One exchange: what curl's callbacks fill. Lives in the frame of the coroutine that waits for it.
class Transfer {
 public:
  Transfer(Network& network, const HttpClientOptions& options, HttpCall call, HttpClient::Sink sink,
           Url url)
      : network_(network),
        call_(std::move(call)),
        sink_(std::move(sink)),
        url_(std::move(url)),
        easy_(curl_easy_init()) {
    set_request();
    set_connection(options);
    set_callbacks();
  }
  Transfer(const Transfer&) = delete;
  ~Transfer() { curl_easy_cleanup(easy_); }

  CURL* easy() const { return easy_; }
  const HttpCall& call() const { return call_; }

  void finish(CURLcode code) {
    code_ = code;
    done_.wake();
  }
  void finish(Error error) {
    if (!failure_) failure_ = std::move(error);
    done_.wake();
  }
  Task<void> wait() { return done_.wait(); }

  Result<HttpReply> take_reply() {
    if (thrown_) std::rethrow_exception(thrown_);
    if (failure_) return Failure(std::move(*failure_));
    if (code_ != CURLE_OK) {
      const char* why = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code_);
      return fail(ErrorKind::unavailable, fmt::format("{}: {}", what(), why));
    }
    return std::move(reply_);
  }
  // For messages: without the query, which may hold secrets.
  std::string what() const {
    if (call_.path_is_secret)
      return fmt::format("{} {}://{}", call_.method, url_.scheme, url_.authority());
    return fmt::format("{} {}://{}{}", call_.method, url_.scheme, url_.authority(),
                       url_.target.substr(0, url_.target.find('?')));
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  void set_request() {
    set(CURLOPT_URL, call_.url.c_str());
    set(CURLOPT_PATH_AS_IS, 1L);
    // curl would tidy the path up; signatures are over the bytes as given. It knows no target per
    // redirect, though, and a plain request through a proxy has another form of target.
    if (call_.redirects_max == 0 && (url_.is_tls() || is_loopback(url_.host)))
      set(CURLOPT_REQUEST_TARGET, url_.target.c_str());
    if (call_.method == "HEAD") {
      set(CURLOPT_NOBODY, 1L);
    } else {
      const bool sends_body = !call_.body.empty() || call_.method == "POST" ||
                              call_.method == "PUT" || call_.method == "PATCH";
      if (sends_body) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, call_.body.data());
        set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
      }
      set(CURLOPT_CUSTOMREQUEST, call_.method.c_str());
    }
    // A wait for "100 Continue" costs a second with every peer that does not know it.
    headers_.add("Expect:");
    if (!call_.headers.find("Content-Type")) headers_.add("Content-Type:");
    for (const auto& [name, value] : call_.headers)
      headers_.add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    set(CURLOPT_HTTPHEADER, headers_.head);
  }

  void set_connection(const HttpClientOptions& options) {
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, options.user_agent.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    if (!options.ca_pem_file.empty()) set(CURLOPT_CAINFO, options.ca_pem_file.c_str());
    if (call_.redirects_max > 0) {
      set(CURLOPT_FOLLOWLOCATION, 1L);
      set(CURLOPT_MAXREDIRS, static_cast<long>(call_.redirects_max));
    }
    // In memory a connection is an abstract AF_UNIX socket, whatever the URL's host, and no name is
    // looked up. (curl 7.88 calls connect() even on a socket that CURLOPT_SOCKOPTFUNCTION says is
    // connected, so that way is closed.)
    const std::string local = network_.local_socket_name(url_.host, url_.port);
    if (!local.empty()) {
      set(CURLOPT_ABSTRACT_UNIX_SOCKET, local.c_str());
      // It takes a peer without an address for one not yet connected and never uses it again.
      set(CURLOPT_FORBID_REUSE, 1L);
    }
    if (!local.empty() || !call_.use_proxy || is_loopback(url_.host)) set(CURLOPT_PROXY, "");
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(call_.connect_timeout).count();
    if (local.empty()) set(CURLOPT_CONNECTTIMEOUT_MS, std::max(1L, static_cast<long>(ms)));
  }

  void set_callbacks() {
    set(CURLOPT_ERRORBUFFER, error_text_);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_header(std::string_view(data, size)) ? size : 0;
  }
  bool take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > response_header_bytes_max) {
      failure_ = Error{.kind = ErrorKind::corrupt, .message = what() + ": too many headers"};
      return false;
    }
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // again after a 100 and after a redirect
      reply_.headers = HttpHeaders();
      long status = 0;
      curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
      reply_.status = static_cast<int>(status);
      return true;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return true;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
    reply_.headers.add(std::string(line.substr(0, colon)), std::string(value));
    return true;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_body(std::string_view(data, size)) ? size : 0;
  }
  bool tell_head() {
    try {
      auto told = call_.on_head(reply_);
      if (!told) failure_ = told.error();
      return told.has_value();
    } catch (...) {  // not through curl, which is C
      thrown_ = std::current_exception();
      return false;
    }
  }
  bool take_body(std::string_view piece) {
    if (body_bytes_ == 0 && call_.on_head && !tell_head()) return false;
    body_bytes_ += piece.size();
    if (body_bytes_ > call_.response_bytes_max) {
      failure_ = Error{.kind = ErrorKind::corrupt,
                       .message = fmt::format("{}: the response is longer than {} bytes", what(),
                                              call_.response_bytes_max),
                       .status = reply_.status};
      return false;
    }
    if (!sink_ || reply_.status < 200 || reply_.status > 299) {
      reply_.body.append(piece);
      return true;
    }
    try {
      auto taken = sink_(piece);
      if (!taken) failure_ = taken.error();
      return taken.has_value();
    } catch (...) {  // not through curl, which is C
      thrown_ = std::current_exception();
      return false;
    }
  }

  Network& network_;
  HttpCall call_;
  HttpClient::Sink sink_;
  Url url_;
  CURL* easy_;
  Slist headers_;
  char error_text_[CURL_ERROR_SIZE] = {};

  detail::Waiter done_;
  CURLcode code_ = CURLE_OK;
  std::optional<Error> failure_;
  std::exception_ptr thrown_;
  HttpReply reply_;
  std::size_t body_bytes_ = 0;
  std::size_t header_bytes_ = 0;
};

class CurlClient : public HttpClient {
 public:
  CurlClient(Network& network, Executor& executor, Clock& clock, HttpClientOptions options)
      : state_(std::make_shared<State>(network, executor, clock, std::move(options))) {}
  ~CurlClient() override {
    state_->closed = true;
    for (Transfer* transfer : state_->transfers)
      transfer->finish(
          Error{.kind = ErrorKind::unavailable, .message = "the HTTP client is closed"});
  }

  Task<Result<HttpReply>> send(HttpCall call) override {
    return exchange(state_, std::move(call), nullptr);
  }
  Task<Result<HttpReply>> download(HttpCall call, Sink sink) override {
    return exchange(state_, std::move(call), std::move(sink));
  }

 private:
  struct State {
    State(Network& network_in, Executor& executor_in, Clock& clock_in, HttpClientOptions options_in)
        : network(network_in),
          executor(executor_in),
          clock(clock_in),
          options(std::move(options_in)),
          multi(std::make_shared<detail::CurlMulti>(executor, clock,
                                                    options.connections_per_host_max)) {}
    Network& network;
    Executor& executor;
    Clock& clock;
    HttpClientOptions options;
    std::shared_ptr<detail::CurlMulti> multi;
    std::set<Transfer*> transfers;
    bool closed = false;
  };

  // Takes the transfer out of curl however the waiting ends, be it by the event loop's destruction.
  class Running {
   public:
    Running(State& state, Transfer& transfer) : state_(state), transfer_(transfer) {
      state_.transfers.insert(&transfer_);
      state_.multi->add(transfer_.easy(), [this](CURLcode code) { transfer_.finish(code); });
    }
    ~Running() {
      state_.multi->remove(transfer_.easy());
      state_.transfers.erase(&transfer_);
    }
    Running(const Running&) = delete;

   private:
    State& state_;
    Transfer& transfer_;
  };

  static Task<Result<HttpReply>> exchange(std::shared_ptr<State> state, HttpCall call, Sink sink) {
    auto url = check(call);
    if (!url) co_return Failure(url.error());
    if (state->closed) co_return fail(ErrorKind::unavailable, "the HTTP client is closed");
    Transfer transfer(state->network, state->options, std::move(call), std::move(sink),
                      std::move(*url));
    {
      Running running(*state, transfer);
      detail::Deadline timeout(state->executor, state->clock, [&transfer] {
        transfer.finish(Error{.kind = ErrorKind::unavailable,
                              .message = transfer.what() + ": no answer in time"});
      });
      timeout.set(state->clock.steady_now() + transfer.call().timeout);
      co_await transfer.wait();
    }
    co_return transfer.take_reply();
  }

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(Network& network, Executor& executor, Clock& clock,
                                             HttpClientOptions options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(started);
  return std::make_unique<CurlClient>(network, executor, clock, std::move(options));
}

}  // namespace earshot::net
