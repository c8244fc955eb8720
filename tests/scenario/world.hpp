#pragma once
// Everything that a whole call needs, on one event loop and one manual clock: the service as
// `earshot serve` builds it, and the simulator on the other side of a network in memory. The
// service is told where the simulator is by its environment alone. Nothing here looks into the
// service: what it knows is asked over its API, what it wrote is read from its data directory.

#include "app/service.hpp"
#include "base/task_group.hpp"
#include "domain/ledger_format.hpp"
#include "net/http_client.hpp"
#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"
#include "simulator/acs_server.hpp"
#include "simulator/blob_service.hpp"
#include "simulator/tones.hpp"
#include "simulator/voice_live_server.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <boost/json.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::scenario {

// Each line of the assistant becomes tones of its own numbers, 500 ms apart and 400 ms long, so
// that a recording tells which part of which line was heard.
class NumberedSpeech : public simulator::Speech {
 public:
  static constexpr unsigned tones_a_line = 4;
  Task<Result<simulator::Pcm>> speak(simulator::SpeechRequest request) override;
  unsigned tones_spoken() const { return next_; }

 private:
  unsigned next_ = 0;
};

struct WorldOptions {
  simulator::AcsOptions acs;
  simulator::VoiceLiveOptions voice_live;
  simulator::Speech* speech = nullptr;  // instead of the world's own; outlives it
  // A second ACS resource beside the first: other keys, audience, topic and port. The service calls
  // the first "weu" and this one "jpe".
  std::optional<simulator::AcsOptions> second = {};
  // What the service is told of the second's id in Azure; empty: the truth.
  std::string second_id = {};
  // More of the service's environment, or other values than the world's own.
  std::map<std::string, std::string> environment;
  // Recordings are in a container of the simulator's Blob Storage, not in a directory.
  bool blob_service = false;
};

struct Reply {
  int status = 0;
  std::string body;
  net::HttpHeaders headers;
  boost::json::value json() const { return boost::json::parse(body); }
};

// What a tap holds, as sound: sample n is at n / rate_hz of the call's clock.
struct TapSound {
  std::uint32_t rate_hz = 0;
  std::vector<std::int16_t> caller;
  std::vector<std::int16_t> assistant;
  int runs = 0;
};

// A call's ledgers, one a run.
using Ledgers = std::vector<LedgerContents>;

struct StoredSound {
  std::uint32_t rate_hz = 0;
  std::vector<std::int16_t> samples;  // interleaved
  std::size_t channels = 1;
  std::vector<std::int16_t> channel(std::size_t number) const;
};

// A call that goes on while the test does something else.
struct PlacedCall {
  std::optional<simulator::CallReport> report;
};

class World {
 public:
  static constexpr std::uint16_t service_port = 8080;
  static constexpr std::uint16_t simulator_port = 7788;
  static constexpr const char* container = "recordings";
  static constexpr std::uint16_t second_port = 7789;
  static constexpr const char* service_url = "http://127.0.0.1:8080";
  static constexpr const char* api_key = "scenario-api-key-0001";
  static constexpr const char* event_grid_secret = "scenario-event-grid-secret";

  // Both sides serve when it returns.
  explicit World(WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void start_service();
  // As SIGTERM with no time left for calls in progress, after which nothing of the service is left.
  void stop_service();

  // Runs until the call and everything that the simulator does about it is over.
  simulator::CallReport call(simulator::CallPlan plan, simulator::ProgressSink progress = {});
  // The call begins when time next moves: runtime.advance(…), then finish().
  std::shared_ptr<PlacedCall> place(simulator::CallPlan plan) {
    return place(std::move(plan), *acs);
  }
  std::shared_ptr<PlacedCall> place(simulator::CallPlan plan, simulator::AcsSimulator& on);
  simulator::CallReport finish(const std::shared_ptr<PlacedCall>& placed);
  // Moves time until a call of the service says so; fails the test after `limit`.
  void wait_until(const std::function<bool()>& condition, Duration limit = 10min);
  // Until the newest recording's chunks were all found.
  void wait_until_found() { wait_until_all_found(1); }
  void wait_until_all_found(std::size_t recordings);

  Reply request(net::HttpCall call);
  Reply api(const std::string& target, const std::string& method = "GET");
  boost::json::object newest_call();
  std::string newest_call_id() { return text(newest_call(), "contextId"); }
  // Of the newest call, unless another is named.
  boost::json::array turns(const std::string& call_id = {});
  boost::json::array journal_entries(const std::string& call_id = {});
  // The types of the journal's entries, in order.
  std::vector<std::string> journal(const std::string& call_id = {});
  // Of the newest call, when it has so many: waits for it.
  boost::json::object verdict(int number = 1, Duration limit = 30min);
  boost::json::object timeline(int number);
  boost::json::array recordings();
  boost::json::object recording(const std::string& recording_id);
  // The newest recording's audio as the API gives it.
  Reply recording_audio(const std::string& recording_id = {});
  // All runs of a call together, the newest unless another is named. The service is stopped for it
  // and started again: what its spool holds is then on disk.
  TapSound tap(const std::string& call_id = {});
  Ledgers ledgers(const std::string& call_id = {});

  static std::string text(const boost::json::object& object, const char* name);

  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random{7};
  MemoryLog log;
  contract::TemporaryDirectory directory;
  NumberedSpeech speech;
  Counters counters;
  // What the assistant's side did: "<seconds since the world began> <what>".
  std::vector<std::string> assistant_events;

  // Empty unless the options ask for it.
  simulator::BlobService blob_service{runtime.clock()};
  std::unique_ptr<simulator::AcsSimulator> acs;
  std::unique_ptr<simulator::AcsSimulator> second;  // none, unless asked for
  std::unique_ptr<simulator::VoiceLiveServer> voice_live;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<app::Service> service;

  std::filesystem::path data_dir() const { return data_dir_; }
  // Another data directory for the service that starts next.
  void set_data_dir(std::filesystem::path path) { data_dir_ = std::move(path); }
  // Another setting for the service that starts next.
  void set_environment(const std::string& name, std::string value) {
    environment_[name] = std::move(value);
  }

 private:
  app::Config config() const;
  void start_second(WorldOptions& options, simulator::SimulatorServices services,
                    const std::string& folder);

  std::map<std::string, std::string> environment_;
  std::filesystem::path data_dir_;
  InlineOffload offload_;
  Counters simulator_counters_;
  Counters service_counters_;
  std::unique_ptr<net::HttpClient> simulator_http_;
  TaskGroup calls_{runtime.executor(), runtime.clock(), log, "calls"};
};

// The one WAV of a downloaded recording; fails the test when it is none.
StoredSound read_wav(const std::string& wav, std::size_t channels = 1);
// What a player makes of a downloaded MP3.
StoredSound read_mp3(World& world, const std::string& mp3);

// Caller's tones `first` … of 500 ms each.
simulator::CallerUtterance say_tones(simulator::CallerStart start, Duration delay, unsigned first,
                                     unsigned count);
// When on the call's clock the caller began utterance `label`, from the progress of the call.
double spoken_at_s(const simulator::CallReport& report, const std::string& label);
// When on the call's clock the phone played that sample of all that it was sent and did play.
double played_at_s(const simulator::CallReport& report, std::int64_t sample);
double seconds(Duration duration);

}  // namespace earshot::scenario
