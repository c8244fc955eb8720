#pragma once
// The parts of the program earshot-sim: its settings, and the simulator put together over the real
// network and clock.

#include "net/runtime.hpp"
#include "simulator/control_api.hpp"
#include "simulator/resource_set.hpp"
#include "simulator/voice_live_server.hpp"

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}

namespace earshot::simulator {

struct ProgramOptions {
  AcsOptions acs;                     // what all resources share
  std::vector<AcsOptions> resources;  // by finish_options(); at least one
  VoiceLiveOptions voice_live;
  std::string application = "http://127.0.0.1:8080";
  std::string event_grid_secret = "simulator-event-grid-secret";
  std::string recordings;                 // a directory
  std::string storage_connection_string;  // instead: Blob Storage
  std::string storage_container_url;
  bool create_container = false;
  bool verbose = false;
  std::string ca_file;
  std::string tls_certificate_file;
  std::string tls_key_file;

  // As the command line has them.
  std::vector<std::string> faults;
  std::vector<std::string> resource_texts;
  std::string resources_file;
  double chunk_seconds = 0;
  double delay_min_ms = 150;
  double delay_max_ms = 400;
  std::string schema = "event-grid";
  std::string silent_frames = "samples";
  std::string media_reconnect = "by-itself";
};

// The options that serve, call and env share. The texts land in ProgramOptions as they are.
void add_shared_options(CLI::App& command, ProgramOptions& options);
// Turns the texts into what they mean.
Result<void> finish_options(ProgramOptions& options);
// The subscription's endpoint at an application: its address, the path and the secret.
std::string event_grid_url(const std::string& application, const std::string& secret);

// A line of progress on stderr.
void print_progress(const ProgressEntry& entry);
// What an application needs to use this simulator.
std::vector<std::pair<std::string, std::string>> program_environment(const ProgramOptions& options,
                                                                     const ResourceSet& resources);
// Where the options ask for it: the file that ACS_RESOURCES_FILE names, for its owner alone.
Result<void> write_resources_file(const ProgramOptions& options, const ResourceSet& resources);

// Everything at once, on one thread.
class Process {
 public:
  explicit Process(const ProgramOptions& options, ProgressSink progress);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Result<void> start();
  // Runs `task` to its end (or a signal), then stops everything.
  void run(Task<void> task);
  // Until a signal.
  void run_until_signal();

  // A signal came: calls are being hung up.
  bool signalled() const { return was_signalled_; }
  ResourceSet& resources() { return *resources_; }
  Speech& speech() { return *speech_; }
  net::HttpClient& http() { return *http_; }
  Clock& clock() { return *clock_; }

 private:
  std::unique_ptr<ChunkStore> make_exports(const ProgramOptions& options);
  Task<void> run_and_stop(Task<void> task);
  Task<void> wait_for_signal();
  Task<void> stop();

  net::Runtime runtime_{1};
  std::unique_ptr<Offload> offload_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<net::Network> network_;
  SystemRandom random_;
  Counters counters_;
  std::unique_ptr<net::HttpClient> http_;
  std::unique_ptr<Speech> speech_;
  std::unique_ptr<ResourceSet> resources_;
  std::unique_ptr<VoiceLiveServer> voice_live_;
  std::unique_ptr<ControlApi> control_;
  std::unique_ptr<Signal> signalled_;
  bool was_signalled_ = false;
  TaskGroup tasks_;
};

// The commands; each adds itself and gives its exit status through `status`.
void add_serve_command(CLI::App& program, int& status);
void add_call_command(CLI::App& program, int& status);
void add_env_command(CLI::App& program, int& status);
void add_tones_command(CLI::App& program, int& status);

}  // namespace earshot::simulator
