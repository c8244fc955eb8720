#pragma once
// One session of the simulator's assistant, from session.created to the socket's end. Lives on one
// executor.

#include "base/task_group.hpp"
#include "net/websocket.hpp"
#include "simulator/voice_live_server.hpp"
#include "simulator/voice_live_turns.hpp"

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::simulator {

struct VoiceLiveServices {
  Executor& executor;
  Clock& clock;
  Random& random;
  Log& log;
  Speech& speech;
};

// What sessions of one server share: the script's position and the record of what was generated.
struct VoiceLiveShared {
  VoiceLiveOptions options;
  VoiceLiveEvents events;
  std::size_t next_assistant_line = 0;
  std::size_t next_caller_line = 0;
  std::vector<GeneratedItem> items;
};

class VoiceLiveSession {
 public:
  VoiceLiveSession(VoiceLiveServices services, VoiceLiveShared& shared, net::WebSocket& socket,
                   std::string model, bool agent_mode);
  ~VoiceLiveSession();
  Task<void> run();
  void cut(std::uint16_t code);

 private:
  struct Settings {
    std::string input_format = "pcm16";
    std::string output_format = "pcm16";
    std::uint32_t input_rate_hz = 24000;
    std::uint32_t output_rate_hz = 24000;
    TurnDetection turn_detection;
    std::string turn_detection_type = "server_vad";
    bool create_response = true;
    bool interrupt_response = true;
    bool word_timestamps = false;
    bool detects_turns = true;
    std::set<std::string, std::less<>> functions;  // declared as tools
  };
  struct Response {
    std::string id;
    std::string item_id;
    std::size_t record = 0;   // index in shared_.items
    std::string stop_reason;  // set: stop generating, cancelled for this reason
  };

  void handle(std::string_view message);
  void handle_event(std::string_view type, const boost::json::object& event);
  void update_session(const boost::json::object& event);
  void append_audio(const boost::json::object& event);
  void turn_started(const TurnBoundary& boundary);
  void turn_stopped(const TurnBoundary& boundary);
  void create_response(const boost::json::object& event);
  void cancel_response(const boost::json::object& event);
  void truncate(const boost::json::object& event);
  void create_item(const boost::json::object& event);
  void begin_response(std::string text, Duration think_time, const boost::json::object& metadata);
  Task<void> generate(std::shared_ptr<Response> response, std::string text, Duration think_time);
  Task<void> stream_audio(std::shared_ptr<Response> response, std::string text, Pcm samples);
  bool begin_function_call(const std::string& line, Duration think_time);
  Task<void> call_function(std::shared_ptr<Response> response, std::string name,
                           std::string arguments, Duration think_time);
  bool take_function_output(const boost::json::object& item, const boost::json::object& event);
  void announce_item(const Response& response);
  void finish_response(const Response& response, const std::string& text);
  Task<void> send_transcript_later(std::string item_id, std::string text);
  Task<void> end_when_due();

  void send(boost::json::object event);
  void send_error(std::string_view code, std::string message, const boost::json::object& cause,
                  std::string_view parameter = {});
  boost::json::object describe_session() const;
  static boost::json::object describe_usage(std::int64_t output_tokens);
  std::string next_id(std::string_view prefix);
  void tell(std::string text);

  VoiceLiveServices services_;
  VoiceLiveShared& shared_;
  net::WebSocket& socket_;
  std::string session_id_;
  std::string model_;
  bool agent_mode_;
  Settings settings_;
  TurnDetector detector_;
  Bytes decoded_;
  std::uint64_t ids_ = 0;
  std::string current_caller_item_;
  std::string last_item_;
  std::shared_ptr<Response> active_;
  bool malformed_sent_ = false;
  bool ended_ = false;
  std::unique_ptr<Signal> end_signal_;
  std::map<std::string, std::string> functions_called_;  // call id -> name, not answered yet
  std::map<std::string, std::size_t> records_;           // item id -> index in shared_.items
  TaskGroup tasks_;
};

}  // namespace earshot::simulator
