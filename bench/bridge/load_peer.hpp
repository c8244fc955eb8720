#pragma once
// One socket of the load: just enough of a WebSocket, of either side, that the load costs less than
// what it measures. It shares nothing with the service's own. Non-blocking; one thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace earshot::bench {

enum class PeerKind : std::uint8_t { phone, assistant };

// A text message as a WebSocket frame. A client's frames are masked, with a key of zeros: the
// service unmasks them like any other, and the load need not mask.
std::string text_frame(std::string_view message, bool from_client);
// Where the message begins in what text_frame gives.
std::size_t frame_head_bytes(std::size_t message_bytes, bool from_client);

class LoadPeer {
 public:
  LoadPeer(int fd, PeerKind kind);
  ~LoadPeer();
  LoadPeer(const LoadPeer&) = delete;
  LoadPeer& operator=(const LoadPeer&) = delete;

  int fd() const { return fd_; }
  PeerKind kind() const { return kind_; }
  bool is_open() const { return is_open_; }
  bool has_ended() const { return has_ended_; }
  bool wants_write() const { return !unsent_.empty(); }

  // Phone side: asks for the upgrade.
  void ask_upgrade(std::string_view target);
  // Sends what is a whole frame, at once as far as the kernel takes it.
  void send(std::string_view frame);
  void flush();
  // Reads once and hands over each text message; the view is valid within the call. The first one
  // is empty: the upgrade is done.
  void read(const std::function<void(std::string_view)>& on_message);
  void close();

  std::uint32_t call = no_call;
  std::string carry;  // phone: text of audio that makes no whole frame yet

  static constexpr std::uint32_t no_call = 0xFFFFFFFF;

 private:
  std::size_t take_handshake(std::string_view text);
  // What it used up; 0: not whole yet.
  std::size_t take_frame(char* data, std::size_t size,
                         const std::function<void(std::string_view)>& on_message);
  void pong(std::string_view payload);

  int fd_;
  PeerKind kind_;
  bool is_open_ = false;
  bool greeted_ = false;
  bool has_ended_ = false;
  std::string received_;  // the beginning of what is not whole yet
  std::string unsent_;
};

}  // namespace earshot::bench
