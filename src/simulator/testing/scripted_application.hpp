#pragma once
// The smallest application that the simulator can talk to, for its own tests: answers the call,
// starts a recording, echoes or plays audio, keeps everything it was sent. Wire only.

#include "net/http_server.hpp"
#include "net/router.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"
#include "simulator/acs_server.hpp"

#include <boost/json.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::simulator::testing {

struct Reply {
  int status = 0;
  std::string body;
  net::HttpHeaders headers;
  boost::json::value json() const { return boost::json::parse(body); }
};

class ScriptedApplication {
 public:
  static constexpr std::uint16_t port = 8080;

  ScriptedApplication(SimulatorServices services, std::string acs_url, std::string access_key);
  void start();
  Task<void> stop();

  // A signed REST request, as an application makes it.
  Task<Reply> request(std::string method, std::string target, std::string body = "",
                      net::HttpHeaders headers = {});

  // --- behaviour, set before the call
  bool answers = true;
  bool records = true;
  bool hang_up_on_connect = false;
  std::string recording_options;  // more members of the start request: ,"pauseOnStart":true
  std::string container_url = "https://acct.blob.core.windows.net/recordings";
  std::string audio_format = "Pcm24KMono";
  // Called for each media message, with a way to send.
  std::function<void(std::string_view, net::WebSocket&)> on_media;
  // Called once a media socket is open.
  std::function<void(net::WebSocket&)> on_socket;
  std::function<void(const std::string& type, const boost::json::object& data)> on_event;

  // --- what it was sent
  std::vector<net::HttpRequest> incoming;
  std::vector<net::HttpRequest> callbacks;
  std::vector<net::HttpRequest> upgrades;
  std::vector<std::string> media;
  std::vector<std::string> event_types;  // in order of arrival
  std::string connection_id;
  std::string server_call_id;
  std::string recording_id;
  std::string answer_body;
  int answer_status = 0;
  int recording_status = 0;

 private:
  Task<net::HttpResponse> on_incoming(net::HttpRequest request);
  Task<net::HttpResponse> on_callback(net::HttpRequest request);
  Task<void> on_websocket(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket);
  Task<void> answer(std::string context);
  Task<void> act_on(std::string type, boost::json::object data);

  SimulatorServices services_;
  std::string acs_url_;
  RequestVerifier signer_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  TaskGroup tasks_;
};

// Everything that a test needs, on one manual clock.
struct Bench {
  explicit Bench(AcsOptions options = {}, std::unique_ptr<ChunkStore> exports = nullptr);
  ~Bench();
  CallReport call(CallPlan plan);

  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random{7};
  MemoryLog log;
  Counters counters;
  std::unique_ptr<net::HttpClient> http;
  std::optional<SimulatorServices> services;
  std::unique_ptr<AcsSimulator> acs;
  std::unique_ptr<ScriptedApplication> app;
};

}  // namespace earshot::simulator::testing
