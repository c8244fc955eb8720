#pragma once
// Posts events to the application, as Event Grid and as Call Automation do, with the faults of the
// script: delay, duplicates, another order, loss. At least once, never in a promised order.

#include "base/task_group.hpp"
#include "simulator/callback_events.hpp"
#include "simulator/event_grid_events.hpp"
#include "simulator/faults.hpp"
#include "simulator/identity.hpp"
#include "simulator/services.hpp"

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace earshot::simulator {

struct EventDeliveryOptions {
  EventGridSchema schema = EventGridSchema::event_grid;
  std::string topic =
      "/subscriptions/00000000-0000-4000-8000-000000000021/resourceGroups/rg/providers/"
      "Microsoft.Communication/CommunicationServices/simulator";
  // The subscription that is recommended for incoming calls: two attempts within a minute.
  int event_grid_attempts_max = 2;
  Duration event_grid_retry = 10s;
  // Recordings' subscriptions keep the defaults, of which the first steps are enough here.
  int recording_attempts_max = 6;
  // When the simulator stops: how long the application may still take to accept what is left.
  Duration stop_patience = 7s;
  // The service's own policy is not published.
  int callback_attempts_max = 3;
  Duration callback_retry = 1s;
  Duration timeout = 30s;
  TokenForm callback_token = TokenForm::good;
  std::string callback_content_type = "application/json";
};

struct Delivery {
  bool accepted = false;
  int status = 0;  // the last answer, 0 without one
  int attempts = 0;
};

class EventDelivery {
 public:
  // All outlive this. `tasks` owns deliveries that leave later than their caller waits for.
  EventDelivery(SimulatorServices services, Identity& identity, Faults& faults, TaskGroup& tasks,
                EventDeliveryOptions options);

  // One body to a callback URI. `name` is the type of its (first) event. Waits for the answer,
  // except for what a fault delays or sends again.
  Task<Delivery> callback(std::string url, std::string name, std::string body);
  // `type` is "IncomingCall" or "RecordingFileStatusUpdated"; `aeg` headers as Event Grid sends.
  Task<Delivery> event_grid(std::string url, std::string type, std::string body);
  // Both handshakes are a failure unless the application answers as it must.
  Task<Result<void>> validate_subscription(std::string url);

  // The simulator stops: nothing is tried again or delayed any more, whoever waits for that wakes
  // now, and after the options' patience nothing is sent.
  void begin_stop();

  EventGridEnvelope envelope();
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t refused() const { return refused_; }
  // Never accepted, because the simulator stopped.
  std::uint64_t given_up() const { return given_up_; }
  // What a subscription with a dead-letter container would have put there, each a blob's content:
  // events that the script dropped or the application did not take. The newest, bounded.
  const std::deque<std::string>& dead_letters() const { return dead_letters_; }

 private:
  struct Post {
    std::string url;
    std::string name;
    std::string body;
    bool is_callback = false;
    int attempts_max = 1;
    Duration retry{};
    WallTime published{};
  };
  struct Exchange;
  Task<Delivery> send(Post post);
  Task<Result<net::HttpReply>> exchange(net::HttpCall call);
  // False: the simulator is stopping, maybe before the time is over.
  Task<bool> pause(Duration duration);
  Task<void> wait_until(Signal& signal, std::optional<SteadyTime> deadline);
  void give_up(const Post& post);
  void bury(const Post& post, const Delivery& delivery);
  Task<void> send_later(Post post, Duration delay);
  Task<Delivery> deliver(Post post, Fault fault);
  net::HttpHeaders headers_of(const Post& post, int attempt);

  SimulatorServices services_;
  Identity& identity_;
  Faults& faults_;
  TaskGroup& tasks_;
  EventDeliveryOptions options_;
  std::optional<SteadyTime> give_up_at_;  // once the simulator stops
  std::list<Signal*> waiting_;            // woken by the stop
  TaskGroup exchanges_;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t given_up_ = 0;
  std::deque<std::string> dead_letters_;
};

}  // namespace earshot::simulator
