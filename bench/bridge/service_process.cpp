#include "bench/bridge/service_process.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <fstream>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace earshot::bench {

namespace {

constexpr int start_ms_max = 10'000;
constexpr int stop_ms_max = 30'000;

// Until the end of the stream, or with `line` until its first end of line.
std::string read_report(int fd, bool line, int wait_ms) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, wait_ms) <= 0) return line ? "" : text;
    const auto got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (line && text.ends_with('\n')) return text;
  }
}

}  // namespace

bool pin_to_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<std::size_t>(core), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

ServiceProcess::ServiceProcess(Main main, ServiceOptions options, int core) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) return;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent || !pin_to_core(core)) ::_exit(2);
    ::close(pipe[0]);
    options.report_fd = pipe[1];
    const int code = main(options);
    ::_exit(code);
  }
  ::close(pipe[1]);
  report_ = pipe[0];
  port_ = static_cast<std::uint16_t>(std::atoi(read_report(report_, true, start_ms_max).c_str()));
}

ServiceProcess::~ServiceProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (report_ >= 0) ::close(report_);
}

double ServiceProcess::cpu_seconds() const {
  clockid_t clock = 0;
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t ServiceProcess::resident_bytes() const {
  std::ifstream file(fmt::format("/proc/{}/statm", pid_));
  std::uint64_t whole = 0;
  std::uint64_t resident = 0;
  file >> whole >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string ServiceProcess::stop() {
  if (pid_ <= 0) return {};
  ::kill(pid_, SIGTERM);
  auto report = read_report(report_, false, stop_ms_max);
  if (report.empty()) return {};
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? report : std::string();
}

}  // namespace earshot::bench
