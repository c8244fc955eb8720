#pragma once
// What both measured services have alike: one worker, the port told, the end at SIGTERM.

#include "base/log.hpp"
#include "bench/bridge/service.hpp"
#include "net/http_server.hpp"
#include "net/runtime.hpp"

#include <fmt/format.h>
#include <memory>
#include <string>
#include <unistd.h>

namespace earshot::bench {

struct ServiceParts {
  explicit ServiceParts(int report_fd_in) : report_fd(report_fd_in) {}

  Result<std::unique_ptr<net::HttpServer>> listen(const net::Router& router) {
    net::HttpServerOptions options{.address = "127.0.0.1"};
    return net::start_http_server(network, runtime.worker(0), clock, log, counters, router,
                                  std::move(options));
  }
  void tell_port(std::uint16_t port) { tell(fmt::format("{}\n", port)); }
  void tell(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(report_fd, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  int report_fd;
  net::Runtime runtime{1};
  std::unique_ptr<Clock> owned_clock = net::make_asio_clock();
  Clock& clock = *owned_clock;
  std::unique_ptr<net::Network> owned_network = net::make_tcp_network();
  net::Network& network = *owned_network;
  Counters counters;
  std::unique_ptr<Log> owned_log = make_process_log({.level = LogLevel::warn});
  Log& log = *owned_log;
  std::unique_ptr<Signal> ending = clock.make_signal();
};

using ServiceLife = Task<void> (*)(const ServiceOptions&, ServiceParts&);

inline int run_parts(const ServiceOptions& options, ServiceLife live) {
  ServiceParts parts(options.report_fd);
  int exit_code = 0;
  parts.runtime.on_termination([&] { parts.ending->notify(); });
  parts.runtime.worker(0).spawn(live(options, parts), [&](std::exception_ptr thrown) {
    if (thrown) exit_code = 1;
    parts.runtime.stop();
  });
  parts.runtime.run();
  parts.tell(parts.counters.render());
  return exit_code;
}

}  // namespace earshot::bench
