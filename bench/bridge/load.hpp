#pragma once
// Both ends of N calls at once: ACS's media sockets, which the load opens, and Voice Live's, which
// it serves. Plays coded frames into each at real-time pace and attributes what comes out at the
// other. One thread; raw sockets, so that it costs less than what it measures.

#include "bench/bridge/coded_frame.hpp"
#include "bench/bridge/load_peer.hpp"

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace earshot::bench {

struct LoadOptions {
  int calls = 100;
  int warmup_seconds = 3;
  int seconds = 10;  // measured
};

struct DirectionTally {
  std::uint64_t offered = 0;
  std::uint64_t received = 0;  // once each
  std::uint64_t lost = 0;      // counted by itself: never seen
  std::uint64_t duplicated = 0;
  std::uint64_t misrouted = 0;
  std::uint64_t reordered = 0;
  std::uint64_t damaged = 0;
  std::vector<std::int64_t> latency_ns;  // of frames offered in the measured time; sorted
};

struct LoadResult {
  DirectionTally up;
  DirectionTally down;
  std::vector<std::int64_t> behind_ns;  // how late a frame was offered; measured time; sorted
  double load_cpu_share = 0;            // of its core, in the measured time
  double measured_seconds = 0;
};

class Load {
 public:
  explicit Load(LoadOptions options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::uint16_t assistant_port() const { return port_; }
  // Opens all calls; false: not all within the time.
  bool connect(std::uint16_t service_port);
  // `at_begin` and `at_end` are called around the measured time, all calls still up. False: a
  // socket ended on the way.
  bool play(const std::function<void()>& at_begin, const std::function<void()>& at_end);
  // Ends all calls and waits for the service to close its sockets, at most some seconds.
  void hang_up();
  LoadResult take_result();

 private:
  struct Call {
    std::unique_ptr<LoadPeer> phone;
    std::unique_ptr<LoadPeer> assistant;
    bool ready = false;
    std::vector<bool> seen_up;
    std::vector<bool> seen_down;
    std::int64_t newest_up = -1;
    std::int64_t newest_down = -1;
  };
  // A frame's text within a whole WebSocket message, rewritten for each send.
  struct Template {
    std::string frame;
    std::size_t text_at = 0;
    std::size_t timestamp_at = 0;  // 0: none
  };

  Template make_phone_template() const;
  Template make_assistant_template() const;
  void dial(std::uint32_t call, std::uint16_t service_port);
  void accept_assistant();
  void poll(std::int64_t wait_ns);
  void serve(LoadPeer& peer, std::uint32_t events);
  void watch(LoadPeer& peer, std::uint32_t events, int operation) const;
  void on_message(LoadPeer& peer, std::string_view message);
  void on_phone_message(LoadPeer& peer, std::string_view message);
  void on_assistant_message(LoadPeer& peer, std::string_view message);
  void on_session_update(LoadPeer& peer, std::string_view message);
  void on_frame(LoadPeer& peer, Direction direction, std::string_view text);
  void send_frame(std::int64_t number, std::int64_t due_ns);
  std::int64_t due_ns(std::int64_t number) const;
  void send_due(std::int64_t now_ns);
  void wait_for_rest();
  void count_lost();
  bool in_window(std::uint32_t sequence) const;

  LoadOptions options_;
  std::uint32_t frames_each_;
  FrameCoder coder_;
  Template phone_template_;
  Template assistant_template_;
  std::int64_t zero_ns_ = 0;
  std::int64_t wall_zero_ms_ = 0;
  std::int64_t next_ = 0;  // number of the next frame to send, of all calls and directions
  std::int64_t timestamp_of_ = -1;

  int epoll_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<Call> calls_;
  std::unordered_map<int, std::unique_ptr<LoadPeer>> newcomers_;
  std::unordered_map<int, LoadPeer*> peers_;
  std::size_t ready_ = 0;
  std::size_t ended_ = 0;
  bool hanging_up_ = false;
  bool counted_ = false;       // what comes afterwards is lost
  std::uint64_t foreign_ = 0;  // audio for no call of ours
  LoadResult result_;
};

std::int64_t steady_now_ns();

}  // namespace earshot::bench
