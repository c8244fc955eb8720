#pragma once
// What is measured, each in a process of its own. `report_fd`: the port as a line once it listens;
// after SIGTERM the counters, then the end of the stream.

#include <cstdint>
#include <filesystem>

namespace earshot::bench {

struct ServiceOptions {
  std::uint16_t assistant_port = 0;
  std::filesystem::path directory;  // of the tap spool
  int report_fd = -1;
};

// The call path of Earshot as the service wires it: one worker, ledger and tap on.
int run_earshot(const ServiceOptions& options);
// The floor: WebSocket in, WebSocket out, the base64 span copied, over the same WebSockets.
int run_relay(const ServiceOptions& options);

}  // namespace earshot::bench
