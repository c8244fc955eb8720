#pragma once
// libcurl's multi handle driven by the event loop: curl says which descriptors and which timeout it
// waits for, and is called when one is ready. Nothing but http_client.cpp includes this.

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "net/detail/deadline.hpp"

#include <boost/asio/io_context.hpp>
#include <curl/curl.h>
#include <functional>
#include <map>
#include <memory>

namespace earshot::net::detail {

class CurlMulti : public std::enable_shared_from_this<CurlMulti> {
 public:
  using OnDone = std::move_only_function<void(CURLcode)>;

  CurlMulti(Executor& executor, Clock& clock, long connections_per_host_max);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;

  // `done` runs on the executor, outside curl, unless remove() comes first. The caller owns `easy`.
  void add(CURL* easy, OnDone done);
  void remove(CURL* easy);

 private:
  struct Watch;
  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* watch);
  static int on_timer(CURLM*, long timeout_ms, void* self);
  void arm(const std::shared_ptr<Watch>& watch);
  void act(curl_socket_t fd, int events);
  void collect_done();
  void post_tick();
  void tick();

  boost::asio::io_context& context_;
  Clock& clock_;
  CURLM* multi_;
  std::map<curl_socket_t, std::shared_ptr<Watch>> watches_;
  std::map<CURL*, OnDone> running_;
  bool tick_posted_ = false;
  Deadline timer_;
};

}  // namespace earshot::net::detail
