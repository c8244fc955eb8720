// How many simultaneous calls does one core carry? The service runs in a process on core 0, the
// load on core 1: it plays both the phone side and the assistant side of every call, 24 kHz both
// ways at real-time pace, and attributes every frame. Beside Earshot, in the same run and under the
// same load, a bare relay over the same WebSockets as the floor.
//
//   ./dev bench bridge [--calls 100,300,500,700] [--seconds 10] [--warmup 3] [--raw FILE]
//                      [--directory DIR]
//
// docs/performance.md says what the columns mean. Exits with 1 when a frame is not accounted for,
// came twice, damaged, out of order or to the wrong call.
#include "bench/bridge/load.hpp"
#include "bench/bridge/report.hpp"
#include "bench/bridge/service_process.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sstream>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace {

using namespace earshot::bench;

constexpr int service_core = 0;
constexpr int load_core = 1;
constexpr int calls_max = 2000;
constexpr double quiet_load_max = 1;
constexpr int seconds_max = 600;

struct BenchOptions {
  std::vector<int> calls{100, 300, 500, 700};
  int seconds = 10;
  int warmup = 3;
  std::filesystem::path raw;
  std::filesystem::path directory = std::filesystem::temp_directory_path();
};

struct Mode {
  const char* name;
  ServiceProcess::Main main;
};
constexpr Mode modes[]{{"relay", run_relay}, {"earshot", run_earshot}};

[[noreturn]] void complain(std::string_view what) {
  fmt::print(stderr, "bridge: {}\n", what);
  std::exit(2);
}

int number_of(const std::string& text, int least, int most) {
  const int number = std::atoi(text.c_str());
  if (number < least || number > most)
    complain(fmt::format("'{}' is not from {} to {}", text, least, most));
  return number;
}

BenchOptions read_options(int argc, char** argv) {
  BenchOptions options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) complain(name + " needs a value");
    const std::string value = argv[i + 1];
    if (name == "--calls") {
      options.calls.clear();
      std::istringstream list(value);
      for (std::string one; std::getline(list, one, ',');)
        options.calls.push_back(number_of(one, 1, calls_max));
    } else if (name == "--seconds") {
      options.seconds = number_of(value, 1, seconds_max);
    } else if (name == "--warmup") {
      options.warmup = number_of(value, 1, seconds_max);
    } else if (name == "--raw") {
      options.raw = value;
    } else if (name == "--directory") {
      options.directory = value;
    } else {
      complain("unknown option " + name);
    }
  }
  return options;
}

class OwnDirectory {
 public:
  explicit OwnDirectory(const std::filesystem::path& under) {
    auto pattern = (under / "earshot-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr)
      complain("cannot make a directory under " + under.string());
    path_ = pattern;
  }
  ~OwnDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  OwnDirectory(const OwnDirectory&) = delete;
  OwnDirectory& operator=(const OwnDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::uint64_t bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_))
      if (entry.is_regular_file()) bytes += entry.file_size();
    return bytes;
  }

 private:
  std::filesystem::path path_;
};

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double counter_of(const std::string& counters, const std::string& name) {
  const auto at = counters.find("\n" + name + " ");
  return at == std::string::npos ? 0 : std::atof(counters.c_str() + at + name.size() + 2);
}

// Of the last minute; what else runs here spoils the numbers.
double machine_load() {
  double load = 0;
  return ::getloadavg(&load, 1) == 1 ? load : 0;
}

// nullopt: the calls could not be held up, which is said on standard error.
std::optional<RunReport> run(const Mode& mode, const BenchOptions& options, int calls) {
  const LoadOptions load_options{
      .calls = calls, .warmup_seconds = options.warmup, .seconds = options.seconds};
  OwnDirectory directory(options.directory);
  Load load(load_options);
  ServiceProcess service(mode.main,
                         {.assistant_port = load.assistant_port(), .directory = directory.path()},
                         service_core);
  if (service.port() == 0) complain(fmt::format("{} did not start", mode.name));

  RunReport report{.mode = mode.name, .options = load_options};
  const auto resident = service.resident_bytes();
  double cpu = 0;
  const auto at_begin = [&] { cpu = service.cpu_seconds(); };
  const auto at_end = [&] {
    cpu = service.cpu_seconds() - cpu;
    const auto grown =
        static_cast<double>(service.resident_bytes()) - static_cast<double>(resident);
    report.memory_kib_per_call = grown / 1024 / calls;
  };
  const bool held = load.connect(service.port()) && load.play(at_begin, at_end);
  load.hang_up();
  report.counters = service.stop();
  if (!held) return std::nullopt;
  report.load = load.take_result();
  report.cpu_ms_per_call_second = cpu * 1000 / calls / report.load.measured_seconds;
  report.tap_bytes = directory.bytes();
  report.tap_bytes_dropped = counter_of(report.counters, "earshot_tap_dropped_bytes_total");
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  const BenchOptions options = read_options(argc, argv);
  raise_file_limit();
  ::prctl(PR_SET_TIMERSLACK, 1000);
  if (!pin_to_core(load_core)) complain("two cores are needed");
  std::ofstream raw;
  if (!options.raw.empty()) raw.open(options.raw);
  if (!options.raw.empty() && !raw) complain("cannot write " + options.raw.string());

  const double load_before = machine_load();
  std::vector<RunReport> reports;
  bool good = true;
  for (const int calls : options.calls)
    for (const Mode& mode : modes) {
      fmt::print(stderr, "{} calls, {}\n", calls, mode.name);
      auto report = run(mode, options, calls);
      if (!report) {
        fmt::print(stderr, "{} did not hold {} calls\n", mode.name, calls);
        good = false;
        continue;
      }
      for (const auto& fault : faults_of(*report)) {
        fmt::print(stderr, "{}, {} calls: {}\n", mode.name, calls, fault);
        good = false;
      }
      raw << raw_of(*report) << std::flush;
      reports.push_back(std::move(*report));
    }
  fmt::print("{}", table_of(reports));
  for (const auto& report : reports)
    if (report.mode == "earshot")
      fmt::print("{} calls: {:.1f} MB of tap and ledger on disk, {:.0f} bytes dropped\n",
                 report.options.calls, static_cast<double>(report.tap_bytes) / 1e6,
                 report.tap_bytes_dropped);
  fmt::print("Load of the machine before the start: {:.2f}{}\n", load_before,
             load_before < quiet_load_max ? "" : " (busy: these are no numbers to keep)");
  return good ? 0 : 1;
}
