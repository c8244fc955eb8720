#pragma once
// How another program has the simulator place calls: plain JSON over HTTP, no authentication, so it
// belongs on a loopback address.
//   POST   /sim/calls            a plan (plan_json.hpp), placed at the resource that has the number
//                                that it calls; answers {"id":…} at once
//   GET    /sim/calls/{id}?after=N   {"done":…,"progress":[entries behind the Nth],"report":…}
//   POST   /sim/faults           ["rest.answer:status=429,times=1", …] are added
//   DELETE /sim/faults           no faults any more
//   POST   /sim/subscription     {"eventGridUrl":…}: the validation handshake
//   POST   /sim/keys:rotate      the token key is replaced
//   GET    /sim/dead-letters     events of Event Grid that nobody took, as a dead-letter blob
//                                has them
//   GET    /sim/environment      what an application needs
// Of several resources, ?resource=LABEL means one; without it what is asked for befalls all.

#include "simulator/resource_set.hpp"
#include "simulator/speech.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace earshot::simulator {

class ControlApi {
 public:
  // What an application needs, by name.
  using Environment = std::function<std::vector<std::pair<std::string, std::string>>()>;

  // All outlive this. Adds its routes to the first resource's: before resources.start().
  ControlApi(SimulatorServices services, ResourceSet& resources, Speech& speech,
             Environment environment, ProgressSink progress);
  // Waits for the calls that it has placed.
  Task<void> stop();

 private:
  struct Placed {
    std::vector<ProgressEntry> progress;
    bool done = false;
    std::string report;
  };
  Task<net::HttpResponse> place(net::HttpRequest request);
  Task<net::HttpResponse> show(net::HttpRequest request);
  Task<net::HttpResponse> add_faults(net::HttpRequest request);
  Task<net::HttpResponse> clear_faults(net::HttpRequest request);
  Task<net::HttpResponse> dead_letters(net::HttpRequest request);
  Task<net::HttpResponse> validate(net::HttpRequest request);
  Task<net::HttpResponse> rotate(net::HttpRequest request);
  Task<net::HttpResponse> environment(net::HttpRequest request);
  Task<void> run(AcsSimulator& acs, CallPlan plan, std::shared_ptr<Placed> placed);
  // `not_found` when the request names a resource that is not there.
  Result<std::vector<AcsSimulator*>> meant_by(const net::HttpRequest& request) const;

  SimulatorServices services_;
  ResourceSet& resources_;
  Speech& speech_;
  Environment environment_;
  ProgressSink progress_;
  TaskGroup tasks_;
  std::map<std::string, std::shared_ptr<Placed>> calls_;
  std::deque<std::string> order_;  // oldest first, bounded
};

}  // namespace earshot::simulator
