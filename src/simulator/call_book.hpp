#pragma once
// Every call of the simulator, found by any of its ids.

#include "simulator/call.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace earshot::simulator {

class CallBook {
 public:
  void add(std::shared_ptr<Call> call);
  // It rings again, and is answered by another context than before.
  void change_context(const std::string& before, const std::shared_ptr<Call>& call);
  // It has run to its end; forgotten as soon as nobody may ask for it any more.
  void retire(const std::shared_ptr<Call>& call);

  std::shared_ptr<Call> by_context(const std::string& incoming_call_context) const;
  // Only calls that can be asked for.
  std::shared_ptr<Call> by_connection(const std::string& connection_id) const;
  std::shared_ptr<Call> by_server_call(const std::string& server_call_id) const;
  struct Recording {
    std::shared_ptr<Call> call;
    std::shared_ptr<RecordingSession> session;
  };
  // session is null when there is none.
  Recording recording(const std::string& recording_id) const;
  std::size_t open_calls() const { return calls_.size() - retired_.size(); }
  const std::map<std::string, std::shared_ptr<Call>>& calls() const { return calls_; }

 private:
  void forget_retired();
  static std::shared_ptr<Call> find(const std::map<std::string, std::shared_ptr<Call>>& map,
                                    const std::string& id);

  std::map<std::string, std::shared_ptr<Call>> calls_;  // by connection id
  std::map<std::string, std::shared_ptr<Call>> by_context_;
  std::map<std::string, std::shared_ptr<Call>> by_server_call_;
  std::vector<std::shared_ptr<Call>> retired_;
};

}  // namespace earshot::simulator
