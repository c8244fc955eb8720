#pragma once
// The measured service as a child process on a core of its own.

#include "bench/bridge/service.hpp"

#include <string>
#include <sys/types.h>

namespace earshot::bench {

// The calling thread and what it starts; false: there is no such core.
bool pin_to_core(int core);

class ServiceProcess {
 public:
  using Main = int (*)(const ServiceOptions&);
  // Forks, so no thread may have been started before. The child dies with its parent.
  ServiceProcess(Main main, ServiceOptions options, int core);
  ~ServiceProcess();  // kills what stop() has not ended
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;

  std::uint16_t port() const { return port_; }  // 0: it did not start
  double cpu_seconds() const;                   // of all its threads, so far
  std::uint64_t resident_bytes() const;
  // Its counters as it ended; empty: it did not end by itself within some seconds.
  std::string stop();

 private:
  pid_t pid_ = -1;
  int report_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace earshot::bench
