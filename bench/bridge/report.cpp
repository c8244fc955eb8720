#include "bench/bridge/report.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <span>

namespace earshot::bench {

namespace {

double percentile_ms(std::span<const std::int64_t> sorted_ns, double part) {
  if (sorted_ns.empty()) return 0;
  const auto last = static_cast<double>(sorted_ns.size() - 1);
  const auto nearest = static_cast<std::size_t>(std::lround(last * part));
  return static_cast<double>(sorted_ns[nearest]) / 1e6;
}

std::string three(std::span<const std::int64_t> sorted_ns) {
  return fmt::format("{:.2f} / {:.2f} / {:.2f}", percentile_ms(sorted_ns, 0.5),
                     percentile_ms(sorted_ns, 0.99), percentile_ms(sorted_ns, 0.999));
}

void add_faults(std::vector<std::string>& faults, std::string_view way,
                const DirectionTally& tally) {
  if (tally.offered != tally.received + tally.lost)
    faults.push_back(fmt::format("{}: {} offered, but {} received and {} lost", way, tally.offered,
                                 tally.received, tally.lost));
  const auto must_be_none = [&](std::string_view what, std::uint64_t count) {
    if (count > 0) faults.push_back(fmt::format("{}: {} frames {}", way, count, what));
  };
  must_be_none("misrouted", tally.misrouted);
  must_be_none("duplicated", tally.duplicated);
  must_be_none("out of order", tally.reordered);
  must_be_none("damaged", tally.damaged);
}

void add_row(std::string& out, const RunReport& report) {
  const auto& up = report.load.up;
  const auto& down = report.load.down;
  fmt::format_to(
      std::back_inserter(out),
      "| {} | {} | {} | {} | {} | {} | {} | {} | {:.3f} | {:.0f} | {:.2f} / {:.2f} | {:.0f} % |\n",
      report.options.calls, report.mode, up.offered + down.offered, up.lost + down.lost,
      up.duplicated + down.duplicated, up.misrouted + down.misrouted, three(up.latency_ns),
      three(down.latency_ns), report.cpu_ms_per_call_second, report.memory_kib_per_call,
      percentile_ms(report.load.behind_ns, 0.99), percentile_ms(report.load.behind_ns, 1),
      report.load.load_cpu_share * 100);
}

// Beside each other in the same run: the second over the first.
void add_ratio(std::string& out, const RunReport& relay, const RunReport& earshot) {
  const auto p99 = [](const std::vector<std::int64_t>& of, const std::vector<std::int64_t>& to) {
    return percentile_ms(of, 0.99) / std::max(percentile_ms(to, 0.99), 1e-6);
  };
  fmt::format_to(std::back_inserter(out),
                 "| {} | ratio | | | | | p99 {:.2f} | p99 {:.2f} | {:.2f} | {:.2f} | | |\n",
                 earshot.options.calls, p99(earshot.load.up.latency_ns, relay.load.up.latency_ns),
                 p99(earshot.load.down.latency_ns, relay.load.down.latency_ns),
                 earshot.cpu_ms_per_call_second / std::max(relay.cpu_ms_per_call_second, 1e-6),
                 earshot.memory_kib_per_call / std::max(relay.memory_kib_per_call, 1e-6));
}

std::string raw_of(std::string_view way, const DirectionTally& tally) {
  std::string out = fmt::format(
      "{0}.offered {1}\n{0}.received {2}\n{0}.lost {3}\n{0}.duplicated {4}\n{0}.misrouted {5}\n"
      "{0}.reordered {6}\n{0}.damaged {7}\n{0}.measured {8}\n",
      way, tally.offered, tally.received, tally.lost, tally.duplicated, tally.misrouted,
      tally.reordered, tally.damaged, tally.latency_ns.size());
  for (const double part :
       {0.0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0})
    fmt::format_to(std::back_inserter(out), "{}.latency_ms.p{:g} {:.4f}\n", way, part * 100,
                   percentile_ms(tally.latency_ns, part));
  return out;
}

}  // namespace

std::vector<std::string> faults_of(const RunReport& report) {
  std::vector<std::string> faults;
  add_faults(faults, "to the assistant", report.load.up);
  add_faults(faults, "to the phone", report.load.down);
  if (report.counters.empty()) faults.emplace_back("the service did not end as it should");
  return faults;
}

std::string table_of(const std::vector<RunReport>& reports) {
  std::string out =
      "| Calls | Service | Offered | Lost | Duplicated | Misrouted | To the assistant, ms "
      "p50 / p99 / p99.9 | To the phone, ms p50 / p99 / p99.9 | CPU ms per call-second | Memory "
      "KiB per call | Load behind, ms p99 / max | Load CPU |\n"
      "|---:|---|---:|---:|---:|---:|---|---|---:|---:|---|---:|\n";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    add_row(out, reports[i]);
    const bool is_pair = i > 0 && reports[i - 1].mode == "relay" && reports[i].mode == "earshot" &&
                         reports[i - 1].options.calls == reports[i].options.calls;
    if (is_pair) add_ratio(out, reports[i - 1], reports[i]);
  }
  return out;
}

std::string raw_of(const RunReport& report) {
  std::string out = fmt::format(
      "run {} calls {} warmup {} seconds {}\nmeasured_seconds {:.3f}\n"
      "cpu_ms_per_call_second {:.5f}\nmemory_kib_per_call {:.2f}\nload_cpu_share {:.4f}\n"
      "tap_bytes {}\ntap_bytes_dropped {}\n",
      report.mode, report.options.calls, report.options.warmup_seconds, report.options.seconds,
      report.load.measured_seconds, report.cpu_ms_per_call_second, report.memory_kib_per_call,
      report.load.load_cpu_share, report.tap_bytes, report.tap_bytes_dropped);
  for (const double part : {0.5, 0.9, 0.99, 0.999, 1.0})
    fmt::format_to(std::back_inserter(out), "load_behind_ms.p{:g} {:.4f}\n", part * 100,
                   percentile_ms(report.load.behind_ns, part));
  out += raw_of("up", report.load.up) + raw_of("down", report.load.down);
  out += "counters\n" + report.counters + "\n";
  return out;
}

}  // namespace earshot::bench
