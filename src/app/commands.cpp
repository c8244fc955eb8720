#include "app/commands.hpp"

#include "app/open_files.hpp"
#include "app/options.hpp"
#include "app/service.hpp"
#include "app/version.hpp"
#include "net/runtime.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <thread>

namespace earshot::app {
namespace {

constexpr const char* default_env_file = ".env";
constexpr std::size_t offload_threads = 4;
constexpr std::size_t offload_queue_max = 10'000;
// Two sockets a call, and what connects and goes.
constexpr std::uint64_t open_files_wanted = 4096;

// Prints what is wrong; nullopt then.
std::optional<Config> checked_config(const std::string& env_file) {
  const EnvFile file = read_env_file(env_file, env_file != default_env_file);
  ConfigResult result = load_config(process_environment(), file);
  for (const std::string& name : result.unknown)
    fmt::print(stderr, "earshot: {} in {} is no setting of Earshot\n", name, env_file);
  if (result.faults.empty()) {
    for (const std::string& warning : result.warnings)
      fmt::print(stderr, "\n*** WARNING: {}\n\n", warning);
    return std::move(result.config);
  }
  fmt::print(stderr, "{}See docs/configuration.md, or: earshot config\n",
             describe_faults(result.faults));
  return std::nullopt;
}

// The life of the process once the loops turn: start, wait for the signal, drain, stop the loops.
Task<void> live(Config config, Outside outside, net::Runtime& runtime, Signal& ending,
                int& exit_code) {
  const Duration drain_max = config.drain_max;
  Clock& clock = outside.clock;
  auto service = co_await start_service(std::move(config), outside);
  if (!service) {
    fmt::print(stderr, "earshot: could not start: {}\n", service.error().message);
    exit_code = 1;
    runtime.stop();
    co_return;
  }
  fmt::print("listening on port {}\n", (*service)->port());
  std::fflush(stdout);
  co_await ending.wait();
  co_await (*service)->stop(clock.steady_now() + drain_max);
  runtime.stop();
}

}  // namespace

EnvFile read_env_file(const std::string& path, bool must_exist) {
  std::ifstream file(path);
  // A directory can be opened and not be read.
  if (!file || std::filesystem::is_directory(path)) {
    EnvFile missing;
    if (must_exist)
      missing.faults.push_back({path, "cannot be read", "give the path of a readable file"});
    return missing;
  }
  std::ostringstream content;
  content << file.rdbuf();
  return parse_env_file(content.str());
}

int run_config(const std::string& env_file, ConfigView view) {
  if (view == ConfigView::env_example || view == ConfigView::markdown) {
    fmt::print("{}", view == ConfigView::markdown ? configuration_document() : env_example());
    return 0;
  }
  const EnvFile file = read_env_file(env_file, env_file != default_env_file);
  const Environment environment = process_environment();
  fmt::print("{}", view == ConfigView::json ? config_as_json(environment, file)
                                            : describe_config(environment, file));
  const ConfigResult result = load_config(environment, file);
  if (result.faults.empty()) return 0;
  fmt::print(stderr, "\n{}", describe_faults(result.faults));
  return 2;
}

int run_serve(const std::string& env_file) {
  // Database, spools and recordings hold numbers, words and voices: for this user alone.
  umask(0077);
  auto config = checked_config(env_file);
  if (!config) return 2;
  const auto workers = static_cast<std::size_t>(
      config->workers > 0 ? config->workers
                          : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  ProcessLogOptions logging{.level = config->log_level, .json = config->log_json};
  auto log = make_process_log(logging);
  const auto limit = raise_open_files_limit();
  const auto connections = connections_per_worker(limit, workers);
  log->info("open files", {{"allowed", limit}, {"connections_per_worker", connections}});
  if (limit < open_files_wanted)
    log->warn("few open files are allowed: raise the hard limit (ulimit -Hn, LimitNOFILE=)",
              {{"allowed", limit}, {"wanted", open_files_wanted}});
  if (uses_folder(*config) &&
      config->acs_connection_string.reveal().find(".communication.azure.com") != std::string::npos)
    log->warn(
        "recordings are looked for in a folder, where ACS cannot write: set AZURE_STORAGE_ACCOUNT "
        "and "
        "AZURE_STORAGE_CONTAINER");
  Counters counters;
  SystemRandom random;
  auto clock = net::make_asio_clock();
  auto network = net::make_tcp_network();
  net::Runtime runtime(workers);
  // A fault of ours costs the work that has it, not every call of the process.
  auto& contained = counters.counter("earshot_contained_exceptions_total",
                                     "pieces of work that threw: a fault of this program");
  runtime.contain([&log = *log, &contained](std::string_view what) {
    contained.add();
    log.error("work failed: a fault of Earshot's own", {{"what", what}});
  });
  // After the runtime, so that it ends first: its threads resume coroutines on the runtime's loops.
  const auto refused = [&counters](const char* pool) {
    return &counters.counter("earshot_offload_refused_total",
                             "blocking work that was not begun because too much of it waited",
                             {{"pool", pool}});
  };
  auto offload = net::make_thread_offload(offload_threads, offload_queue_max, refused("store"));
  auto spool_offload = net::make_thread_offload(1, offload_queue_max, refused("spool"));
  Outside outside{*network, {}, *clock, random, *log, counters, *offload};
  outside.spool_offload = spool_offload.get();
  outside.connections_per_worker_max = connections;
  for (std::size_t i = 0; i < workers; ++i) outside.workers.push_back(&runtime.worker(i));

  int exit_code = 0;
  auto ending = clock->make_signal();
  runtime.on_termination([&] { ending->notify(); });
  runtime.worker(0).spawn(live(std::move(*config), outside, runtime, *ending, exit_code),
                          [&](std::exception_ptr thrown) {
                            if (!thrown) return;
                            try {
                              std::rethrow_exception(thrown);
                            } catch (const std::exception& error) {
                              fmt::print(stderr, "earshot: {}\n", error.what());
                            }
                            exit_code = 1;
                            runtime.stop();
                          });
  runtime.run();
  return exit_code;
}

}  // namespace earshot::app
