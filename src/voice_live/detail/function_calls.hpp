#pragma once
// Which functions the assistant has called, and what has been returned of them. Pure.

#include "voice_live/messages.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace earshot::voice_live::detail {

inline constexpr std::size_t functions_max = 64;  // on their way or open, each

class FunctionCalls {
 public:
  // A call that may be run now, once each: its item is finished and was not interrupted.
  std::optional<FunctionCall> learn(const FunctionItem& item);
  // Forgets what the response left unfinished.
  void response_done(const std::string& response_id);

  // The response that a call belongs to; nullopt: no such call is open.
  std::optional<std::string> response_of(const std::string& call_id) const;
  void returned(const std::string& call_id) { open_.erase(call_id); }
  bool all_returned() const { return open_.empty(); }

 private:
  std::map<std::string, FunctionItem> coming_;  // by call id
  std::set<std::string> told_;                  // call ids of the response under way
  std::map<std::string, std::string> open_;     // call id -> response id
};

}  // namespace earshot::voice_live::detail
