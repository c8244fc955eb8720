#include "net/detail/curl_multi.hpp"

#include "net/detail/asio_executor.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <vector>

namespace earshot::net::detail {

namespace asio = boost::asio;

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;

// curl rounds "at once" up to a millisecond now and then.
constexpr long at_once_ms = 2;

}  // namespace

// One of curl's sockets. Curl owns the descriptor; it is let go, never closed, here.
struct CurlMulti::Watch {
  Watch(asio::io_context& context, curl_socket_t fd_in)
      : fd(fd_in), descriptor(context.get_executor(), fd_in) {}
  ~Watch() {
    if (descriptor.is_open()) descriptor.release();
  }
  curl_socket_t fd;
  Descriptor descriptor;
  int wanted = 0;
  bool waits_to_read = false;
  bool waits_to_write = false;
  bool removed = false;
};

CurlMulti::CurlMulti(Executor& executor, Clock& clock, long connections_per_host_max)
    : context_(io_context_of(executor)),
      clock_(clock),
      multi_(curl_multi_init()),
      timer_(executor, clock, [this] { tick(); }) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, connections_per_host_max);
}

CurlMulti::~CurlMulti() {
  for (auto& [easy, done] : running_) curl_multi_remove_handle(multi_, easy);
  for (auto& [fd, watch] : watches_) {
    watch->removed = true;
    watch->descriptor.release();
  }
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
  curl_multi_cleanup(multi_);
}

void CurlMulti::add(CURL* easy, OnDone done) {
  running_.emplace(easy, std::move(done));
  curl_multi_add_handle(multi_, easy);
}

void CurlMulti::remove(CURL* easy) {
  if (running_.erase(easy) > 0) curl_multi_remove_handle(multi_, easy);
}

int CurlMulti::on_socket(CURL*, curl_socket_t fd, int what, void* self_pointer, void*) {
  auto* self = static_cast<CurlMulti*>(self_pointer);
  const auto known = self->watches_.find(fd);
  if (what == CURL_POLL_REMOVE) {
    if (known == self->watches_.end()) return 0;
    known->second->removed = true;
    known->second->descriptor.release();
    self->watches_.erase(known);
    return 0;
  }
  auto watch =
      known != self->watches_.end() ? known->second : std::make_shared<Watch>(self->context_, fd);
  self->watches_[fd] = watch;
  watch->wanted = what;
  self->arm(watch);
  return 0;
}

void CurlMulti::arm(const std::shared_ptr<Watch>& watch) {
  const auto wait = [&](auto kind, int event, bool Watch::* waits) {
    if ((*watch).*waits) return;
    (*watch).*waits = true;
    watch->descriptor.async_wait(
        kind, [weak = weak_from_this(), watch, event, waits](boost::system::error_code error) {
          (*watch).*waits = false;
          const auto self = weak.lock();
          if (!self || watch->removed) return;
          self->act(watch->fd, error ? CURL_CSELECT_ERR : event);
          if (!watch->removed) self->arm(watch);
        });
  };
  if ((watch->wanted & CURL_POLL_IN) != 0)
    wait(Descriptor::wait_read, CURL_CSELECT_IN, &Watch::waits_to_read);
  if ((watch->wanted & CURL_POLL_OUT) != 0)
    wait(Descriptor::wait_write, CURL_CSELECT_OUT, &Watch::waits_to_write);
}

int CurlMulti::on_timer(CURLM*, long timeout_ms, void* self_pointer) {
  auto* self = static_cast<CurlMulti*>(self_pointer);
  if (timeout_ms < 0) {
    self->timer_.clear();
  } else if (timeout_ms <= at_once_ms) {
    self->post_tick();
  } else {
    self->timer_.set(self->clock_.steady_now() + std::chrono::milliseconds(timeout_ms));
  }
  return 0;
}

void CurlMulti::post_tick() {
  if (std::exchange(tick_posted_, true)) return;
  asio::post(context_, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->tick_posted_ = false;
    self->tick();
  });
}

void CurlMulti::tick() {
  const auto self = shared_from_this();
  act(CURL_SOCKET_TIMEOUT, 0);
  // Woken a little early, curl does nothing, and says nothing more of the time it waits for. With a
  // clock that is moved by hand this asks again and again, which moves that clock; without a
  // connect timeout, as in memory, curl has no times of its own to ask for.
  long timeout_ms = -1;
  curl_multi_timeout(multi_, &timeout_ms);
  if (timeout_ms < 0) return;
  if (timeout_ms <= at_once_ms)
    post_tick();
  else
    timer_.set(clock_.steady_now() + std::chrono::milliseconds(timeout_ms));
}

void CurlMulti::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  collect_done();
}

void CurlMulti::collect_done() {
  std::vector<std::pair<CURL*, CURLcode>> done;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) done.emplace_back(message->easy_handle, message->data.result);
  for (const auto& [easy, code] : done) {
    const auto found = running_.find(easy);
    if (found == running_.end()) continue;
    auto on_done = std::move(found->second);
    remove(easy);
    on_done(code);
  }
}

}  // namespace earshot::net::detail
