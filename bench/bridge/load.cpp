#include "bench/bridge/load.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace earshot::bench {

namespace {

constexpr std::size_t dialing_max = 32;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t connect_ns_max = 60 * second_ns;
// A frame that is later than this is lost.
constexpr std::int64_t rest_ns_max = 5 * second_ns;
constexpr std::int64_t hang_up_ns_max = 20 * second_ns;
// Between looks at the sockets no more frames than these leave, so that what arrives is not kept
// waiting by a load that catches up.
constexpr int frames_at_once_max = 16;
// Frames leave in steps of this. Waking for each one by itself cost the load a quarter of its core,
// so that at 700 calls it was the load that was measured.
constexpr std::int64_t step_ns = 250'000;
constexpr std::string_view timestamp_blank = "2026-01-01T00:00:00.000Z";

std::string call_id(std::uint32_t call) {
  return fmt::format("00000000-0000-4000-8000-{:012x}", call);
}

double cpu_seconds_of_self() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The value of a text member of JSON without escapes.
std::string_view member(std::string_view message, std::string_view key) {
  const auto at = message.find(key);
  if (at == std::string_view::npos) return {};
  const auto begin = message.find('"', at + key.size());
  if (begin == std::string_view::npos) return {};
  const auto end = message.find('"', begin + 1);
  if (end == std::string_view::npos) return {};
  return message.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::int64_t steady_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * second_ns + now.tv_nsec;
}

Load::Load(LoadOptions options)
    : options_(options),
      frames_each_(static_cast<std::uint32_t>((options.warmup_seconds + options.seconds) *
                                              frames_per_second)),
      phone_template_(make_phone_template()),
      assistant_template_(make_assistant_template()),
      calls_(static_cast<std::size_t>(options.calls)) {
  for (auto& call : calls_) {
    call.seen_up.resize(frames_each_);
    call.seen_down.resize(frames_each_);
  }
  const auto measured =
      static_cast<std::size_t>(options.calls) * static_cast<std::size_t>(options.seconds * 50);
  result_.up.latency_ns.reserve(measured);
  result_.down.latency_ns.reserve(measured);
  result_.behind_ns.reserve(measured * 2);

  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 1024) != 0)
    throw std::runtime_error("the load cannot listen on the loopback");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
}

Load::~Load() {
  if (listener_ >= 0) ::close(listener_);
  if (epoll_ >= 0) ::close(epoll_);
}

// Key order and spelling of ACS's own messages.
Load::Template Load::make_phone_template() const {
  const auto before = fmt::format(R"({{"kind":"AudioData","audioData":{{"timestamp":"{}",)"
                                  R"("participantRawID":"4:+15550123","data":")",
                                  timestamp_blank);
  const auto message = before + coder_.blank() + R"(","silent":false}})";
  const auto head = frame_head_bytes(message.size(), true);
  return {.frame = text_frame(message, true),
          .text_at = head + before.size(),
          .timestamp_at = head + before.find(timestamp_blank)};
}

Load::Template Load::make_assistant_template() const {
  const std::string before = R"({"type":"response.audio.delta","event_id":"event_ABCDEFGHIJ",)"
                             R"("response_id":"resp_1","item_id":"item_1","output_index":0,)"
                             R"("content_index":0,"delta":")";
  const auto message = before + coder_.blank() + "\"}";
  return {.frame = text_frame(message, false),
          .text_at = frame_head_bytes(message.size(), false) + before.size()};
}

bool Load::in_window(std::uint32_t sequence) const {
  return sequence >= static_cast<std::uint32_t>(options_.warmup_seconds * frames_per_second);
}

// ---- sockets

void Load::watch(LoadPeer& peer, std::uint32_t events, int operation) const {
  epoll_event event{.events = events, .data = {.fd = peer.fd()}};
  ::epoll_ctl(epoll_, operation, peer.fd(), &event);
}

void Load::dial(std::uint32_t number, std::uint16_t service_port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(service_port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("the load cannot connect to the service");
  auto& phone = calls_[number].phone;
  phone = std::make_unique<LoadPeer>(fd, PeerKind::phone);
  phone->call = number;
  peers_[fd] = phone.get();
  watch(*phone, EPOLLIN, EPOLL_CTL_ADD);
  phone->ask_upgrade("/ws/" + call_id(number) + "?k=key-of-the-call");
}

void Load::accept_assistant() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    auto peer = std::make_unique<LoadPeer>(fd, PeerKind::assistant);
    peers_[fd] = peer.get();
    watch(*peer, EPOLLIN, EPOLL_CTL_ADD);
    newcomers_[fd] = std::move(peer);
  }
}

void Load::poll(std::int64_t wait_ns) {
  std::array<epoll_event, 64> events{};
  const timespec wait{.tv_sec = wait_ns / second_ns, .tv_nsec = wait_ns % second_ns};
  const int count = ::epoll_pwait2(epoll_, events.data(), events.size(), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == listener_) {
      accept_assistant();
      continue;
    }
    const auto found = peers_.find(event.data.fd);
    if (found != peers_.end()) serve(*found->second, event.events);
  }
}

void Load::serve(LoadPeer& peer, std::uint32_t events) {
  const bool wrote = peer.wants_write();
  if ((events & EPOLLOUT) != 0) peer.flush();
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
    peer.read([&](std::string_view message) { on_message(peer, message); });
  if (peer.has_ended()) {
    ++ended_;
    peers_.erase(peer.fd());
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, peer.fd(), nullptr);
    if (!hanging_up_)
      fmt::print(stderr, "a socket of call {} ended too early\n",
                 static_cast<std::int32_t>(peer.call));
    ::shutdown(peer.fd(), SHUT_RDWR);
    return;
  }
  if (wrote || peer.wants_write())
    watch(peer, EPOLLIN | (peer.wants_write() ? EPOLLOUT : 0U), EPOLL_CTL_MOD);
}

bool Load::connect(std::uint16_t service_port) {
  const auto deadline = steady_now_ns() + connect_ns_max;
  std::size_t dialed = 0;
  while (ready_ < calls_.size()) {
    if (dialed < calls_.size() && dialed < ready_ + dialing_max)
      dial(static_cast<std::uint32_t>(dialed++), service_port);
    else
      poll(10'000'000);
    if (ended_ > 0 || steady_now_ns() > deadline) {
      fmt::print(stderr, "{} of {} calls were ready\n", ready_, calls_.size());
      return false;
    }
  }
  return true;
}

// ---- messages

void Load::on_message(LoadPeer& peer, std::string_view message) {
  if (peer.kind() == PeerKind::phone)
    on_phone_message(peer, message);
  else
    on_assistant_message(peer, message);
}

// {"Kind":"AudioData","AudioData":{"Data":"…"},…}. What the service sends may be cut elsewhere than
// between frames: the texts of a call are one stream.
void Load::on_phone_message(LoadPeer& peer, std::string_view message) {
  if (message.empty())
    return peer.send(text_frame(R"({"kind":"AudioMetadata","audioMetadata":{"subscriptionId":)"
                                R"("b8c1d7d2-6b0d-4c3e-9c7a-000000000003","encoding":"PCM",)"
                                R"("sampleRate":24000,"channels":1,"length":960}})",
                                true));
  const auto text = member(message, R"("Data":)");
  if (text.empty()) return;
  if (peer.carry.empty() && text.size() == frame_characters)
    return on_frame(peer, Direction::down, text);
  peer.carry += text;
  while (peer.carry.size() >= frame_characters) {
    const auto begin = coder_.find_begin(peer.carry);
    if (begin != 0) {
      ++result_.down.damaged;
      peer.carry.erase(0, std::min(begin, peer.carry.size() - 8));
      if (begin == std::string::npos) return;
      continue;
    }
    on_frame(peer, Direction::down, std::string_view(peer.carry).substr(0, frame_characters));
    peer.carry.erase(0, frame_characters);
  }
}

void Load::on_assistant_message(LoadPeer& peer, std::string_view message) {
  if (message.empty())
    return peer.send(text_frame(
        R"({"type":"session.created","event_id":"event_1","session":{"id":"sess_1","model":"gpt-realtime"}})",
        false));
  if (message.starts_with(R"({"type":"input_audio_buffer.append")"))
    return on_frame(peer, Direction::up, member(message, R"("audio":)"));
  if (message.find(R"("session.update")") != std::string_view::npos)
    on_session_update(peer, message);
}

void Load::on_session_update(LoadPeer& peer, std::string_view message) {
  const auto id = member(message, R"("call_id":)");
  const auto number = id.size() == 36 ? std::stoul(std::string(id.substr(24)), nullptr, 16)
                                      : static_cast<unsigned long>(LoadPeer::no_call);
  if (number >= calls_.size() || calls_[number].ready) {
    ++foreign_;
    return;
  }
  Call& call = calls_[number];
  peer.call = static_cast<std::uint32_t>(number);
  call.assistant = std::move(newcomers_[peer.fd()]);
  newcomers_.erase(peer.fd());
  call.ready = true;
  ++ready_;
  const auto output = member(message, R"("output_audio_format":)");
  peer.send(text_frame(
      fmt::format(R"({{"type":"session.updated","event_id":"event_2","session":{{"id":"sess_{}",)"
                  R"("model":"gpt-realtime","input_audio_format":"pcm16",)"
                  R"("input_audio_sampling_rate":24000,"output_audio_format":"{}",)"
                  R"("turn_detection":{{"type":"azure_semantic_vad","prefix_padding_ms":420,)"
                  R"("silence_duration_ms":500}}}}}})",
                  number, output.empty() ? "pcm16" : output),
      false));
  peer.send(text_frame(R"({"type":"response.created","event_id":"event_3","response":)"
                       R"({"id":"resp_1","object":"realtime.response","status":"in_progress"}})",
                       false));
}

void Load::on_frame(LoadPeer& peer, Direction direction, std::string_view text) {
  if (counted_) return;
  const auto now = steady_now_ns();
  auto& tally = direction == Direction::up ? result_.up : result_.down;
  const auto code = coder_.read(text);
  if (!code || code->sequence >= frames_each_) {
    ++tally.damaged;
    return;
  }
  if (code->call != peer.call || code->direction != direction || peer.call >= calls_.size()) {
    ++tally.misrouted;
    return;
  }
  Call& call = calls_[peer.call];
  auto& seen = direction == Direction::up ? call.seen_up : call.seen_down;
  auto& newest = direction == Direction::up ? call.newest_up : call.newest_down;
  if (seen[code->sequence]) {
    ++tally.duplicated;
    return;
  }
  seen[code->sequence] = true;
  ++tally.received;
  if (code->sequence < newest) ++tally.reordered;
  newest = std::max<std::int64_t>(newest, code->sequence);
  if (in_window(code->sequence)) tally.latency_ns.push_back(now - code->sent_ns);
}

// ---- playing

// Frames of all calls and directions leave in a fixed order, evenly over the 20 ms.
std::int64_t Load::due_ns(std::int64_t number) const {
  const auto places = static_cast<std::int64_t>(calls_.size()) * 2;
  const auto within = number % places * frame_ns / places;
  return zero_ns_ + number / places * frame_ns + within / step_ns * step_ns;
}

void Load::send_frame(std::int64_t number, std::int64_t due_ns) {
  const auto places = static_cast<std::int64_t>(calls_.size()) * 2;
  const auto sequence = static_cast<std::uint32_t>(number / places);
  const auto place = number % places;
  const auto index = static_cast<std::uint32_t>(place / 2);
  const auto direction = place % 2 == 0 ? Direction::up : Direction::down;
  // The two directions of a call are half a frame apart.
  const auto of_call =
      direction == Direction::up
          ? index
          : static_cast<std::uint32_t>((index + calls_.size() / 2) % calls_.size());
  Template& made = direction == Direction::up ? phone_template_ : assistant_template_;
  LoadPeer& peer = direction == Direction::up ? *calls_[of_call].phone : *calls_[of_call].assistant;
  if (made.timestamp_at > 0 && timestamp_of_ != sequence) {
    timestamp_of_ = sequence;
    const auto ms = wall_zero_ms_ + static_cast<std::int64_t>(sequence) * 20;
    const auto text = fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                                  fmt::gmtime(static_cast<std::time_t>(ms / 1000)), ms % 1000);
    std::memcpy(made.frame.data() + made.timestamp_at, text.data(), timestamp_blank.size());
  }
  const auto now = steady_now_ns();
  coder_.write({direction, of_call, sequence, now}, made.frame.data() + made.text_at);
  peer.send(made.frame);
  if (peer.wants_write()) watch(peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
  ++(direction == Direction::up ? result_.up : result_.down).offered;
  if (in_window(sequence)) result_.behind_ns.push_back(std::max<std::int64_t>(now - due_ns, 0));
}

void Load::send_due(std::int64_t now_ns) {
  const auto total = static_cast<std::int64_t>(calls_.size()) * 2 * frames_each_;
  for (int i = 0; i < frames_at_once_max && next_ < total; ++i) {
    const auto due = due_ns(next_);
    if (due > now_ns) return;
    send_frame(next_++, due);
  }
}

bool Load::play(const std::function<void()>& at_begin, const std::function<void()>& at_end) {
  zero_ns_ = steady_now_ns() + 50'000'000;
  wall_zero_ms_ = std::time(nullptr) * 1000;
  const auto begin = zero_ns_ + options_.warmup_seconds * second_ns;
  const auto end = begin + options_.seconds * second_ns;
  const auto total = static_cast<std::int64_t>(calls_.size()) * 2 * frames_each_;
  double cpu = 0;
  std::int64_t begun = 0;
  while (next_ < total && ended_ == 0) {
    const auto now = steady_now_ns();
    if (begun == 0 && now >= begin) {
      begun = now;
      cpu = cpu_seconds_of_self();
      at_begin();
    }
    send_due(now);
    poll(std::max<std::int64_t>(0, due_ns(next_) - steady_now_ns()));
  }
  while (steady_now_ns() < end && ended_ == 0) poll(1'000'000);
  result_.measured_seconds = static_cast<double>(steady_now_ns() - begun) / 1e9;
  result_.load_cpu_share = (cpu_seconds_of_self() - cpu) / result_.measured_seconds;
  at_end();
  wait_for_rest();
  count_lost();
  return ended_ == 0;
}

void Load::wait_for_rest() {
  const auto deadline = steady_now_ns() + rest_ns_max;
  while (steady_now_ns() < deadline &&
         (result_.up.received < result_.up.offered || result_.down.received < result_.down.offered))
    poll(5'000'000);
  // A little longer: what comes twice comes late.
  const auto until = steady_now_ns() + 200'000'000;
  while (steady_now_ns() < until) poll(5'000'000);
}

void Load::count_lost() {
  counted_ = true;
  for (const auto& call : calls_) {
    result_.up.lost += static_cast<std::uint64_t>(std::ranges::count(call.seen_up, false));
    result_.down.lost += static_cast<std::uint64_t>(std::ranges::count(call.seen_down, false));
  }
}

void Load::hang_up() {
  hanging_up_ = true;
  for (auto& call : calls_)
    if (call.phone) call.phone->close();
  const auto deadline = steady_now_ns() + hang_up_ns_max;
  while (!peers_.empty() && steady_now_ns() < deadline) poll(5'000'000);
}

LoadResult Load::take_result() {
  result_.up.misrouted += foreign_;
  std::ranges::sort(result_.up.latency_ns);
  std::ranges::sort(result_.down.latency_ns);
  std::ranges::sort(result_.behind_ns);
  return std::move(result_);
}

}  // namespace earshot::bench
