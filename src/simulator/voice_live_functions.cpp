// The simulator's assistant calls functions that its session declares.

#include "simulator/voice_live_session.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace json = boost::json;
namespace {

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace

// A response whose only item is a call to a function.
bool VoiceLiveSession::begin_function_call(const std::string& line, Duration think_time) {
  const std::size_t space = line.find(' ');
  const std::string name = line.substr(1, space == std::string::npos ? space : space - 1);
  const std::string arguments = space == std::string::npos ? "{}" : line.substr(space + 1);
  if (!settings_.functions.contains(name)) return false;
  active_ = std::make_shared<Response>();
  active_->id = next_id("resp_");
  active_->item_id = next_id("item_");
  send({{"type", "response.created"},
        {"response",
         {{"id", active_->id},
          {"object", "realtime.response"},
          {"status", "in_progress"},
          {"output", json::array{}}}}});
  tasks_.spawn(call_function(active_, name, arguments, think_time));
  return true;
}

Task<void> VoiceLiveSession::call_function(std::shared_ptr<Response> response, std::string name,
                                           std::string arguments, Duration think_time) {
  const std::string call_id = next_id("call_");
  const auto item = [&](const char* status, const std::string& so_far) {
    return json::object{{"id", response->item_id}, {"object", "realtime.item"},
                        {"type", "function_call"}, {"status", status},
                        {"call_id", call_id},      {"name", name},
                        {"arguments", so_far}};
  };
  const auto about = [&](std::string_view type) {
    return json::object{{"type", type},
                        {"response_id", response->id},
                        {"item_id", response->item_id},
                        {"output_index", 0},
                        {"call_id", call_id}};
  };
  co_await services_.clock.sleep_for(think_time);
  if (ended_) co_return;
  const bool cancelled = !response->stop_reason.empty();
  tell(fmt::format("assistant calls {}", name));
  send({{"type", "response.output_item.added"},
        {"response_id", response->id},
        {"output_index", 0},
        {"item", item("in_progress", "")}});
  send({{"type", "conversation.item.created"},
        {"previous_item_id", last_item_},
        {"item", item("in_progress", "")}});
  last_item_ = response->item_id;
  auto delta = about("response.function_call_arguments.delta");
  delta["delta"] = arguments;
  send(std::move(delta));
  auto done = about("response.function_call_arguments.done");
  done["name"] = name;
  done["arguments"] = arguments;
  send(std::move(done));
  const auto finished = item(cancelled ? "incomplete" : "completed", arguments);
  send({{"type", "response.output_item.done"},
        {"response_id", response->id},
        {"output_index", 0},
        {"item", finished}});
  if (!cancelled) functions_called_[call_id] = name;
  json::object ended{{"id", response->id},
                     {"object", "realtime.response"},
                     {"status", cancelled ? "cancelled" : "completed"},
                     {"status_details", nullptr},
                     {"modalities", json::array{"text", "audio"}},
                     {"output_audio_format", settings_.output_format},
                     {"output", json::array{finished}},
                     {"usage", describe_usage(0)}};
  if (cancelled)
    ended["status_details"] =
        json::object{{"type", "cancelled"}, {"reason", response->stop_reason}};
  if (active_ == response) active_.reset();
  send({{"type", "response.done"}, {"response", std::move(ended)}});
}

bool VoiceLiveSession::take_function_output(const json::object& item, const json::object& event) {
  const auto called = functions_called_.find(std::string(text_of(item, "call_id")));
  if (called == functions_called_.end() || !item.contains("output") ||
      !item.at("output").is_string()) {
    send_error("invalid_value", "No call of that call_id waits for an output, or it is no text.",
               event, "item.call_id");
    return false;
  }
  tell(fmt::format("function {} returned {}", called->second, text_of(item, "output")));
  functions_called_.erase(called);
  return true;
}

}  // namespace earshot::simulator
