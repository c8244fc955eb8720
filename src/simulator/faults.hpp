#pragma once
// What goes wrong, by script and seed. The parts of the simulator ask at named points; the first
// rule that matches and whose dice fall decides. The same rules, seed and questions give the same
// troubles.
//
// Points: rest.<operation> (rest.answer, rest.start_recording, …), callback.<Type>
// (callback.CallConnected), event_grid.<Type> (event_grid.IncomingCall), media.connect,
// recording.start, recording.stop (with a delay: the stop is accepted at once, and the recording
// goes on for so long before it is inactive), storage.put, storage.get, storage.delete.

#include "base/random.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::simulator {

struct FaultRule {
  std::string point;  // exact, or a prefix ending in '*'
  double chance = 1;
  std::uint32_t skip = 0;  // so many matches pass first
  std::uint32_t times = std::numeric_limits<std::uint32_t>::max();

  Duration delay{};
  Duration delay_spread{};   // up to so much more, by the seed
  std::uint32_t copies = 0;  // sent so many times more
  bool drop = false;         // never sent, or never answered
  bool reorder = false;      // sent after what comes next
  int status = 0;            // refused with this HTTP status, without effect
  std::optional<std::uint32_t> retry_after_s;
  bool answer_lost = false;  // it takes effect, and the answer is 503 all the same
  std::string redirect;      // storage: 302 to this base and the same path ("http://host:port")
};

struct Fault {
  Duration delay{};
  std::uint32_t copies = 0;
  bool drop = false;
  bool reorder = false;
  int status = 0;
  std::optional<std::uint32_t> retry_after_s;
  bool answer_lost = false;
  std::string redirect;
};

// "rest.answer:status=429,retry-after=1,times=2", "callback.*:delay=300ms,spread=1s,chance=0.2",
// "event_grid.IncomingCall:copies=1", "callback.CallConnected:drop",
// "storage.get:redirect=https://elsewhere.example,times=1". `invalid` names the word.
Result<FaultRule> parse_fault(std::string_view text);

class Faults {
 public:
  explicit Faults(std::vector<FaultRule> rules = {}, std::uint64_t seed = 1);
  Fault at(std::string_view point);
  void add(FaultRule rule);
  void clear();
  // How often a rule struck, in all.
  std::uint64_t struck() const { return struck_; }

 private:
  struct State {
    FaultRule rule;
    std::uint32_t matched = 0;
    std::uint32_t used = 0;
  };
  std::vector<State> rules_;
  SeededRandom dice_;
  std::uint64_t struck_ = 0;
};

}  // namespace earshot::simulator
