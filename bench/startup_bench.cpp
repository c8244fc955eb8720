// links: base
// How long from the start of `earshot serve` to the first 200 of /readyz? Each run starts the
// program with an empty data directory, as on a new machine, and once more with the one it left, as
// after a restart. The aim is 200 ms.
//
//   ./dev bench startup [--runs N] [--program FILE] [--directory DIR]
//
// The program is bin/earshot of the build, or EARSHOT_BIN; it must be built already.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <netinet/in.h>
#include <optional>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr double start_ms_max = 10'000;
constexpr double stop_ms_max = 10'000;
constexpr int runs_max = 100;
constexpr double aim_ms = 200;

struct BenchOptions {
  fs::path program;
  fs::path directory = fs::temp_directory_path();
  int runs = 9;
};

[[noreturn]] void complain(std::string_view what) {
  fmt::print(stderr, "startup: {}\n", what);
  std::exit(2);
}

double now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

void nap() {
  const timespec time{.tv_sec = 0, .tv_nsec = 500'000};
  ::nanosleep(&time, nullptr);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) complain("no free port");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

bool is_ready(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  bool ready = false;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    constexpr std::string_view request =
        "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    std::array<char, 64> answer{};
    ready = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0 &&
            ::recv(fd, answer.data(), answer.size(), 0) >= 12 &&
            std::string_view(answer.data(), 12) == "HTTP/1.1 200";
  }
  ::close(fd);
  return ready;
}

// What a deployment must set, with services that are on this machine and never asked.
std::vector<std::string> environment(const fs::path& data, std::uint16_t port) {
  return {"PATH=/usr/bin:/bin",
          "ACS_CONNECTION_STRING=endpoint=http://127.0.0.1:9/;accesskey=c3RhcnR1cC1iZW5jaA==",
          "ACS_TOKEN_AUDIENCE=00000000-0000-4000-8000-000000000000",
          "CALLBACK_URI_HOST=http://127.0.0.1:9",
          "AZURE_VOICE_LIVE_ENDPOINT=http://127.0.0.1:9",
          "AZURE_VOICE_LIVE_API_KEY=key-of-the-resource",
          "EVENT_GRID_SECRET=secret-of-event-grid-door",
          "EARSHOT_API_KEY=key-of-the-rest-interface",
          "LISTEN_ADDRESS=127.0.0.1",
          "LOG_LEVEL=warn",
          "DRAIN_SECONDS=0",
          "EARSHOT_DATA_DIR=" + data.string(),
          fmt::format("PORT={}", port)};
}

pid_t start(const fs::path& program, const fs::path& data, std::uint16_t port) {
  auto variables = environment(data, port);
  std::vector<char*> pointers;
  pointers.reserve(variables.size() + 1);
  for (auto& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  std::string name = program.string();
  std::string verb = "serve";
  const std::array<char*, 3> arguments{name.data(), verb.data(), nullptr};
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::chdir(data.c_str()) != 0) ::_exit(127);  // no .env of elsewhere
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::execve(name.c_str(), arguments.data(), pointers.data());
  ::_exit(127);
}

bool has_ended(pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) == pid; }

void stop(pid_t pid) {
  ::kill(pid, SIGTERM);
  const double deadline = now_ms() + stop_ms_max;
  while (now_ms() < deadline) {
    if (has_ended(pid)) return;
    nap();
  }
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

// nullopt: it ended by itself, or was not ready in time.
std::optional<double> measure(const fs::path& program, const fs::path& data) {
  const auto port = free_port();
  const double begin = now_ms();
  const pid_t pid = start(program, data, port);
  if (pid < 0) return std::nullopt;
  while (now_ms() - begin < start_ms_max) {
    if (has_ended(pid)) return std::nullopt;
    if (is_ready(port)) {
      const double took = now_ms() - begin;
      stop(pid);
      return took;
    }
    nap();
  }
  stop(pid);
  return std::nullopt;
}

BenchOptions read_options(int argc, char** argv) {
  BenchOptions options;
  const char* named = std::getenv("EARSHOT_BIN");
  // build/<preset>/bench/startup beside build/<preset>/bin/earshot
  options.program = named != nullptr ? fs::path(named)
                                     : fs::canonical("/proc/self/exe").parent_path().parent_path() /
                                           "bin" / "earshot";
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 == argc) complain(name + " needs a value");
    if (name == "--runs")
      options.runs = std::clamp(std::atoi(argv[i + 1]), 1, runs_max);
    else if (name == "--program")
      options.program = argv[i + 1];
    else if (name == "--directory")
      options.directory = argv[i + 1];
    else
      complain("unknown option " + name);
  }
  if (!fs::exists(options.program))
    complain(fmt::format("{} is not built; set EARSHOT_BIN", options.program.string()));
  options.program = fs::absolute(options.program);
  return options;
}

void print_row(std::string_view what, std::vector<double>& times) {
  std::ranges::sort(times);
  fmt::print("| {} | {} | {:.0f} | {:.0f} | {:.0f} |\n", what, times.size(), times.front(),
             times[times.size() / 2], times.back());
}

}  // namespace

int main(int argc, char** argv) {
  const BenchOptions options = read_options(argc, argv);
  std::vector<double> fresh;
  std::vector<double> again;
  for (int run = 0; run < options.runs; ++run) {
    auto pattern = (options.directory / "earshot-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) complain("cannot make a directory");
    const auto first = measure(options.program, pattern);
    const auto second = first ? measure(options.program, pattern) : std::nullopt;
    std::error_code ignored;
    fs::remove_all(pattern, ignored);
    if (!second) complain("the service did not become ready");
    fresh.push_back(*first);
    again.push_back(*second);
  }
  fmt::print(
      "| From the start to /readyz, ms | Runs | Least | Median | Most "
      "|\n|---|---:|---:|---:|---:|\n");
  print_row("empty data directory", fresh);
  print_row("after a restart", again);
  fmt::print("The aim is {:.0f} ms.\n", aim_ms);
  return 0;
}
