#pragma once
// The REST face of Call Automation: routes, signatures, exact success codes, error bodies,
// repeatable requests, and the faults of the script.

#include "net/http_message.hpp"
#include "simulator/call_book.hpp"
#include "simulator/faults.hpp"
#include "simulator/identity.hpp"
#include "simulator/request_verifier.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace earshot::simulator {

struct CallAutomationShop {
  SimulatorServices services;
  const AcsOptions& options;
  CallBook& book;
  Faults& faults;
  const RequestVerifier& verifier;
  // Starts a call that the application asked for; gives its properties.
  std::function<Result<std::string>(CreateCallRequest)> create_call;
};

class CallAutomation {
 public:
  explicit CallAutomation(CallAutomationShop shop);

  // Any request under /calling/callConnections and /calling/recordings.
  Task<net::HttpResponse> handle(net::HttpRequest request);

 private:
  // Where a request goes: "/calling/recordings/{id}:pause" is {pause_recording, id}.
  struct Operation {
    std::string name;
    std::string id;       // decoded
    std::string rest_id;  // the participant's raw id
    bool repeatable = false;
  };
  struct Answer {
    int status = 200;
    std::string body;
  };

  static Result<Operation> route(const net::HttpRequest& request);
  static Result<Operation> route_call(const std::string& method,
                                      const std::vector<std::string>& segments,
                                      const std::string& verb);
  Task<Answer> perform(Operation operation, std::string body);
  Task<Result<Answer>> perform_call(Operation operation, std::string body);
  Task<Result<Answer>> perform_in_call(Operation operation, std::string body);
  Task<Result<Answer>> perform_recording(Operation operation, std::string body);
  static Answer error_answer(const Error& error);
  net::HttpResponse make_response(const net::HttpRequest& request, Answer answer);
  void remember(const std::string& repeatability_id, const Answer& answer);

  CallAutomationShop shop_;
  std::map<std::string, Answer> repeated_;
  std::deque<std::string> repeated_order_;  // oldest first, bounded
};

// The api-versions that the real service has had.
bool is_known_api_version(const std::string& version);

}  // namespace earshot::simulator
