#include "simulator/control_api.hpp"

#include "simulator/plan_json.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

constexpr std::size_t calls_kept_max = 1000;
constexpr std::size_t plan_bytes_max = 256u << 20;

net::HttpResponse problem(int status, std::string_view message) {
  return net::json_response(status, json::serialize(json::object{{"error", message}}));
}

}  // namespace

ControlApi::ControlApi(SimulatorServices services, ResourceSet& resources, Speech& speech,
                       Environment environment, ProgressSink progress)
    : services_(services),
      resources_(resources),
      speech_(speech),
      environment_(std::move(environment)),
      progress_(std::move(progress)),
      tasks_(services.executor, services.clock, services.log, "placed calls") {
  net::Router& router = resources_.first().router();
  const auto route = [this](Task<net::HttpResponse> (ControlApi::*member)(net::HttpRequest)) {
    return [this, member](net::HttpRequest request) { return (this->*member)(std::move(request)); };
  };
  router.add("POST", "/sim/calls", route(&ControlApi::place), {.body_bytes_max = plan_bytes_max});
  router.add("GET", "/sim/calls/{id}", route(&ControlApi::show));
  router.add("POST", "/sim/faults", route(&ControlApi::add_faults));
  router.add("DELETE", "/sim/faults", route(&ControlApi::clear_faults));
  router.add("GET", "/sim/dead-letters", route(&ControlApi::dead_letters));
  router.add("POST", "/sim/subscription", route(&ControlApi::validate));
  router.add("POST", "/sim/keys:rotate", route(&ControlApi::rotate));
  router.add("GET", "/sim/environment", route(&ControlApi::environment));
}

Task<void> ControlApi::stop() { co_await tasks_.join(); }

Result<std::vector<AcsSimulator*>> ControlApi::meant_by(const net::HttpRequest& request) const {
  const auto label = request.query("resource");
  std::vector<AcsSimulator*> meant;
  for (const auto& acs : resources_.all())
    if (!label || *label == acs->options().label) meant.push_back(acs.get());
  if (meant.empty()) return fail(ErrorKind::not_found, "no resource has that label");
  return meant;
}

Task<net::HttpResponse> ControlApi::place(net::HttpRequest request) {
  auto plan = co_await read_call_plan(std::move(request.body), speech_);
  if (!plan) co_return problem(400, plan.error().message);
  AcsSimulator* const acs = resources_.of_number(plan->to);
  if (acs == nullptr)
    co_return problem(400, fmt::format("no resource has the number {}, but these: {}", plan->to,
                                       resources_.numbers_text()));
  if (plan->event_grid_url.empty() && acs->options().event_grid_url.empty())
    co_return problem(400, "eventGridUrl is needed: where the application takes its events");
  const std::string id = make_uuid(services_.random);
  auto placed = std::make_shared<Placed>();
  calls_[id] = placed;
  order_.push_back(id);
  if (order_.size() > calls_kept_max) {
    calls_.erase(order_.front());
    order_.pop_front();
  }
  tasks_.spawn(run(*acs, std::move(*plan), std::move(placed)));
  co_return net::json_response(201, json::serialize(json::object{{"id", id}}));
}

Task<void> ControlApi::run(AcsSimulator& acs, CallPlan plan, std::shared_ptr<Placed> placed) {
  ProgressSink sink = [this, placed](const ProgressEntry& entry) {
    placed->progress.push_back(entry);
    if (progress_) progress_(entry);
  };
  const CallReport report = co_await acs.place_call(std::move(plan), std::move(sink));
  placed->report = write_call_report(report);
  placed->done = true;
}

Task<net::HttpResponse> ControlApi::show(net::HttpRequest request) {
  const auto found = calls_.find(std::string(request.path_parameter("id")));
  if (found == calls_.end()) co_return problem(404, "no such call");
  const Placed& placed = *found->second;
  const std::string after_text = request.query("after").value_or("0");
  std::size_t after = 0;
  std::from_chars(after_text.data(), after_text.data() + after_text.size(), after);
  json::array progress;
  for (std::size_t i = after; i < placed.progress.size(); ++i) {
    const auto& entry = placed.progress[i];
    progress.push_back(json::object{{"at", static_cast<double>(entry.at.count()) / 1e6},
                                    {"kind", entry.kind},
                                    {"text", entry.text}});
  }
  json::object out{{"done", placed.done}, {"progress", std::move(progress)}};
  if (placed.done) out["report"] = json::parse(placed.report);
  co_return net::json_response(200, json::serialize(out));
}

Task<net::HttpResponse> ControlApi::add_faults(net::HttpRequest request) {
  json::error_code error;
  const json::value value = json::parse(request.body, error);
  if (error || !value.is_array()) co_return problem(400, "a list of faults is needed");
  std::vector<FaultRule> rules;
  for (const auto& text : value.get_array()) {
    if (!text.is_string()) co_return problem(400, "a fault is text");
    auto rule = parse_fault(std::string_view(text.get_string()));
    if (!rule) co_return problem(400, rule.error().message);
    rules.push_back(std::move(*rule));
  }
  auto meant = meant_by(request);
  if (!meant) co_return problem(404, meant.error().message);
  for (AcsSimulator* const acs : *meant)
    for (const auto& rule : rules) acs->faults().add(rule);
  co_return net::HttpResponse{.status = 204};
}

Task<net::HttpResponse> ControlApi::clear_faults(net::HttpRequest request) {
  auto meant = meant_by(request);
  if (!meant) co_return problem(404, meant.error().message);
  for (AcsSimulator* const acs : *meant) acs->faults().clear();
  co_return net::HttpResponse{.status = 204};
}

// All events that were not taken, as one array: what a dead-letter container holds in many blobs.
Task<net::HttpResponse> ControlApi::dead_letters(net::HttpRequest request) {
  auto meant = meant_by(request);
  if (!meant) co_return problem(404, meant.error().message);
  json::array events;
  for (const AcsSimulator* const acs : *meant)
    for (const auto& letter : acs->dead_letters()) {
      const json::value value = json::parse(letter);
      for (const auto& event : value.as_array()) events.push_back(event);
    }
  co_return net::json_response(200, json::serialize(events));
}

Task<net::HttpResponse> ControlApi::validate(net::HttpRequest request) {
  json::error_code error;
  const json::value value = json::parse(request.body, error);
  const auto* url =
      !error && value.is_object() ? value.get_object().if_contains("eventGridUrl") : nullptr;
  if (url == nullptr || !url->is_string()) co_return problem(400, "eventGridUrl is needed");
  auto meant = meant_by(request);
  if (!meant) co_return problem(404, meant.error().message);
  for (AcsSimulator* const acs : *meant) {
    auto validated = co_await acs->validate_subscription(std::string(url->get_string()));
    if (!validated) co_return problem(502, validated.error().message);
  }
  co_return net::HttpResponse{.status = 204};
}

Task<net::HttpResponse> ControlApi::rotate(net::HttpRequest request) {
  auto meant = meant_by(request);
  if (!meant) co_return problem(404, meant.error().message);
  for (AcsSimulator* const acs : *meant) acs->identity().rotate_key();
  co_return net::HttpResponse{.status = 204};
}

Task<net::HttpResponse> ControlApi::environment(net::HttpRequest) {
  json::object out;
  for (const auto& [name, value] : environment_()) out[name] = value;
  co_return net::json_response(200, json::serialize(out));
}

}  // namespace earshot::simulator
