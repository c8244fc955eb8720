#pragma once
// A stand-in for Azure Communication Services: give it a network, a clock and options, point the
// application at its endpoint, and place calls. Any number of calls at once; everything runs on the
// services' executor.

#include "base/task_group.hpp"
#include "net/http_server.hpp"
#include "net/router.hpp"
#include "simulator/acs_options.hpp"
#include "simulator/call_automation.hpp"
#include "simulator/call_book.hpp"
#include "simulator/call_report.hpp"
#include "simulator/event_delivery.hpp"
#include "simulator/service_storage.hpp"
#include "simulator/services.hpp"
#include "simulator/storage_door.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace earshot::simulator {

class AcsSimulator {
 public:
  // Services outlive this. `exports` takes the customer's own copies of recordings; none: only the
  // service's own storage has them. Throws when the options are unusable (access key not base64).
  AcsSimulator(SimulatorServices services, AcsOptions options,
               std::unique_ptr<ChunkStore> exports = nullptr);
  ~AcsSimulator();
  AcsSimulator(const AcsSimulator&) = delete;
  AcsSimulator& operator=(const AcsSimulator&) = delete;

  // Routes of others on the same port (the assistant's side, the control interface): before
  // start().
  net::Router& router() { return router_; }
  // Listens when it returns.
  Result<void> start();
  // Hangs every call up, takes no new one, and is patient with the application no longer: events
  // that it does not accept now are given up (EventDelivery::begin_stop).
  void begin_stop();
  // begin_stop(), and waits for what is still going on, place_call() included. An application that
  // is gone or hangs holds this up for some 10 s at most. Nothing runs afterwards.
  Task<void> stop();

  std::uint16_t port() const;
  std::string base_url() const;  // "http://127.0.0.1:7071"
  // What an application needs, as "NAME=value" lines in a fixed order.
  std::vector<std::pair<std::string, std::string>> environment() const;

  // Returns when the call and everything that follows from it (files, events) is over.
  Task<CallReport> place_call(CallPlan plan, ProgressSink progress = {});
  // The handshake of the subscription, in the schema of the options.
  Task<Result<void>> validate_subscription(std::string event_grid_url);

  const AcsOptions& options() const { return options_; }
  Identity& identity() { return identity_; }
  Faults& faults() { return faults_; }
  const std::deque<std::string>& dead_letters() const { return delivery_.dead_letters(); }
  CallBook& book() { return book_; }
  EventDelivery& delivery() { return delivery_; }
  ServiceStorage& storage() { return storage_; }
  ChunkStore* exports() { return exports_.get(); }

 private:
  Task<net::HttpResponse> handle(net::HttpRequest request);
  Task<net::HttpResponse> handle_identity(net::HttpRequest request);
  CallShop call_shop();
  Result<std::string> create_call(CreateCallRequest request);
  Task<void> run_created(std::shared_ptr<Call> call);

  SimulatorServices services_;
  AcsOptions options_;
  std::unique_ptr<ChunkStore> exports_;
  Identity identity_;
  Faults faults_;
  RequestVerifier verifier_;
  ServiceStorage storage_;
  TaskGroup late_events_;
  TaskGroup created_calls_;
  EventDelivery delivery_;
  CallBook book_;
  CallAutomation call_automation_;
  StorageDoor storage_door_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
  bool stopping_ = false;
  std::size_t placed_calls_ = 0;  // place_call() has not returned
  std::unique_ptr<Signal> placed_call_ended_;
};

}  // namespace earshot::simulator
