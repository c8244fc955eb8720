// earshot-sim call: places one call and shows it as it happens.
#include "simulator/plan_json.hpp"
#include "simulator/program.hpp"
#include "simulator/wav_file.hpp"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>
#include <map>
#include <stdexcept>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

struct CallCommand {
  ProgramOptions program;
  std::string simulator;  // of a running `serve`
  std::vector<std::string> callers;
  std::vector<std::string> says;
  std::vector<std::string> interrupts;
  unsigned tones = 0;
  double interrupt_after = 0.8;
  double seconds = 0;
  std::string from = "+15550100";
  std::string number = "+15550199";
  std::vector<std::string> chunk_troubles;  // "1:lost", "2:late:30"
  std::vector<double> recording_stops_at;   // seconds
  double lost_at_change = 0;                // seconds
  double echo_ms = 0;                       // 0: none
  double echo_db = -12;
  bool as_json = false;
};

json::value spoken(const std::string& text, const char* start, double delay) {
  return json::object{{"say", text}, {"start", start}, {"delay", delay}};
}

// The utterances in the order in which the command line has them.
Result<json::array> utterances_of(const CallCommand& command, const CLI::App& parsed) {
  json::array out;
  std::map<std::string, std::size_t> used;
  for (const CLI::Option* option : parsed.parse_order()) {
    const std::string name = option->get_name();
    const std::size_t index = used[name]++;
    if (name == "--say" && index < command.says.size())
      out.push_back(spoken(command.says[index], "after_assistant", 1));
    if (name == "--interrupt" && index < command.interrupts.size())
      out.push_back(spoken(command.interrupts[index], "over_assistant", command.interrupt_after));
    if (name == "--caller" && index < command.callers.size()) {
      auto sound = read_sound_file(command.callers[index]);
      if (!sound) return Failure(sound.error());
      const CallerUtterance utterance{.start = CallerStart::after_assistant,
                                      .delay = 1s,
                                      .samples = std::move(sound->samples),
                                      .rate_hz = sound->rate_hz,
                                      .label = command.callers[index]};
      out.push_back(json::parse(utterance_json(utterance)));
    }
  }
  if (command.tones > 0)
    out.push_back(json::object{
        {"tones", json::object{{"count", command.tones}}}, {"start", "at_time"}, {"delay", 1}});
  if (out.empty())
    out.push_back(
        spoken("Hello, good morning. I would like to ask about my order.", "after_assistant", 1));
  return out;
}

// "2:late:30": index, what befalls it, and for `late` the seconds.
Result<json::array> chunk_troubles_of(const CallCommand& command) {
  json::array out;
  for (const std::string& text : command.chunk_troubles) {
    const auto first = text.find(':');
    const auto second = text.find(':', first == std::string::npos ? first : first + 1);
    std::size_t index = 0;
    double delay = 0;
    try {
      index = std::stoul(text);
      if (second != std::string::npos) delay = std::stod(text.substr(second + 1));
    } catch (const std::logic_error&) {
      return fail(ErrorKind::invalid, "--chunk-trouble takes index:trouble, such as 1:lost");
    }
    if (first == std::string::npos)
      return fail(ErrorKind::invalid, "--chunk-trouble takes index:trouble, such as 1:lost");
    out.push_back(json::object{{"index", index},
                               {"trouble", text.substr(first + 1, second - first - 1)},
                               {"delay", delay}});
  }
  return out;
}

Result<std::string> plan_of(const CallCommand& command, const CLI::App& parsed) {
  auto utterances = utterances_of(command, parsed);
  if (!utterances) return Failure(utterances.error());
  auto troubles = chunk_troubles_of(command);
  if (!troubles) return Failure(troubles.error());
  json::object plan{{"eventGridUrl", event_grid_url(command.program.application,
                                                    command.program.event_grid_secret)},
                    {"from", command.from},
                    {"to", command.number},
                    {"utterances", std::move(*utterances)},
                    {"recording", json::object{{"chunks", std::move(*troubles)},
                                               {"lostAtChange", command.lost_at_change}}},
                    {"recordingStopsAt", json::value_from(command.recording_stops_at)},
                    {"lengthMax", 3600}};
  if (command.echo_ms > 0)
    plan["troubles"] = json::array{json::object{{"kind", "echo"},
                                                {"at", 0},
                                                {"delay", command.echo_ms / 1000},
                                                {"gainDb", command.echo_db}}};
  if (command.seconds > 0)
    plan["hangUpAt"] = command.seconds;
  else
    plan["hangUpAfterQuiet"] = 4;
  return json::serialize(plan);
}

struct Outcome {
  std::string report;  // JSON; empty: there was none
  std::string problem;
};

double number_of(const json::value& value) { return value.to_number<double>(); }

void print_summary(const json::object& report) {
  fmt::print("outcome         {}\n", report.at("outcome").get_string().c_str());
  fmt::print("ended           {}\n", report.at("endReason").get_string().c_str());
  fmt::print("talked          {:.1f} s\n", number_of(report.at("talked")));
  fmt::print("correlation id  {}\n", report.at("correlationId").get_string().c_str());
  const double rate = std::max(1.0, number_of(report.at("rate")));
  fmt::print("frames          {} sent, {} lost\n", number_of(report.at("framesSent")),
             number_of(report.at("framesLost")));
  fmt::print("assistant       {:.1f} s played, {:.1f} s cut off, {} interruptions\n",
             number_of(report.at("samplesPlayed")) / rate,
             number_of(report.at("samplesFlushed")) / rate,
             report.at("stopAudios").as_array().size());
  for (const auto& recording : report.at("recordings").as_array()) {
    fmt::print("recording       {:.1f} s in {} chunks\n", number_of(recording.at("length")),
               recording.at("chunks").as_array().size());
    for (const auto& chunk : recording.at("chunks").as_array())
      fmt::print("  chunk {:<3}     {:6.1f} s  {}\n", number_of(chunk.at("index")),
                 number_of(chunk.at("length")), chunk.at("audio").get_string().c_str());
  }
}

int finish(const CallCommand& command, const Outcome& outcome) {
  if (outcome.report.empty()) {
    fmt::print(stderr, "earshot-sim: {}\n", outcome.problem);
    return 1;
  }
  if (command.as_json)
    fmt::print("{}\n", outcome.report);
  else
    print_summary(json::parse(outcome.report).as_object());
  return json::parse(outcome.report).at("outcome").get_string() == "completed" ? 0 : 1;
}

Task<void> call_here(Process& process, std::string plan_text, Outcome& outcome) {
  auto plan = co_await read_call_plan(std::move(plan_text), process.speech());
  if (!plan) {
    outcome.problem = plan.error().message;
    co_return;
  }
  AcsSimulator* const acs = process.resources().of_number(plan->to);
  if (acs == nullptr) {
    outcome.problem = fmt::format("no resource has the number {}, but these: {}", plan->to,
                                  process.resources().numbers_text());
    co_return;
  }
  const CallReport report = co_await acs->place_call(std::move(*plan), print_progress);
  outcome.report = write_call_report(report);
}

Task<Result<json::value>> ask(Process& process, net::HttpCall call) {
  call.use_proxy = false;
  auto reply = co_await process.http().send(std::move(call));
  if (!reply) co_return fail("the simulator", reply.error());
  json::error_code error;
  json::value value = json::parse(reply->body, error);
  if (reply->status >= 300 || error)
    co_return fail(ErrorKind::refused,
                   fmt::format("the simulator answered {}: {}", reply->status, reply->body));
  co_return value;
}

Task<void> call_there(Process& process, std::string simulator, std::string plan_text,
                      Outcome& outcome) {
  net::HttpCall place{
      .method = "POST", .url = simulator + "/sim/calls", .body = std::move(plan_text)};
  auto placed = co_await ask(process, std::move(place));
  std::size_t seen = 0;
  while (placed) {
    if (process.signalled()) {
      outcome.problem = "interrupted; the call goes on at the simulator";
      co_return;
    }
    net::HttpCall look{.url = fmt::format("{}/sim/calls/{}?after={}", simulator,
                                          std::string(placed->at("id").as_string()), seen)};
    auto shown = co_await ask(process, std::move(look));
    if (!shown) {
      outcome.problem = shown.error().message;
      co_return;
    }
    for (const auto& entry : shown->at("progress").as_array()) {
      ++seen;
      print_progress({.at = Duration(static_cast<long long>(number_of(entry.at("at")) * 1e6)),
                      .kind = std::string(entry.at("kind").as_string()),
                      .text = std::string(entry.at("text").as_string())});
    }
    if (shown->at("done").as_bool()) {
      outcome.report = json::serialize(shown->at("report"));
      co_return;
    }
    co_await process.clock().sleep_for(250ms);
  }
  outcome.problem = placed.error().message;
}

int call(CallCommand command, const CLI::App& parsed) {
  if (auto finished = finish_options(command.program); !finished) {
    fmt::print(stderr, "earshot-sim: {}\n", finished.error().message);
    return 2;
  }
  auto plan = plan_of(command, parsed);
  if (!plan) {
    fmt::print(stderr, "earshot-sim: {}\n", plan.error().message);
    return 2;
  }
  Process process(command.program, {});
  Outcome outcome;
  if (!command.simulator.empty()) {
    while (command.simulator.ends_with('/')) command.simulator.pop_back();
    process.run(call_there(process, command.simulator, std::move(*plan), outcome));
    return finish(command, outcome);
  }
  if (auto started = process.start(); !started) {
    fmt::print(stderr, "earshot-sim: {}\n", started.error().message);
    return 1;
  }
  process.run(call_here(process, std::move(*plan), outcome));
  return finish(command, outcome);
}

}  // namespace

void add_call_command(CLI::App& program, int& status) {
  auto* command = program.add_subcommand("call", "places a call at a running application");
  auto options = std::make_shared<CallCommand>();
  add_shared_options(*command, options->program);
  command
      ->add_option("--to", options->program.application,
                   "the application: its address, or the whole URL of its event endpoint")
      ->capture_default_str();
  command->add_option("--simulator", options->simulator,
                      "use the `earshot-sim serve` at this URL; without it the services run here");
  command->add_option("--caller", options->callers, "a sound file that the caller plays");
  command->add_option("--say", options->says, "a sentence of the caller's, when it is his turn");
  command->add_option("--interrupt", options->interrupts,
                      "a sentence spoken while the assistant speaks");
  command
      ->add_option("--interrupt-after", options->interrupt_after,
                   "so many seconds into the assistant's speech")
      ->capture_default_str();
  command->add_option("--tones", options->tones, "so many numbered tones instead of speech");
  command->add_option("--seconds", options->seconds,
                      "hang up after so long [when all is said and 4 s are quiet]");
  command->add_option("--from", options->from, "the caller's number, or anonymous")
      ->capture_default_str();
  command
      ->add_option(
          "--number", options->number,
          "the number that is dialled; of several resources, the one that has it is called")
      ->capture_default_str();
  command->add_option(
      "--chunk-trouble", options->chunk_troubles,
      "what befalls a chunk on its way into the container: index:trouble, of lost, "
      "late (2:late:30), torn, empty, duplicated, metadataMissing, metadataSwapped, "
      "metadataOfAnother");
  command->add_option("--recording-stops-at", options->recording_stops_at,
                      "the recording stops unasked so many seconds into the call");
  command->add_option("--lost-at-change", options->lost_at_change,
                      "the recorder misses so many seconds each time it begins another chunk");
  auto* echo = command->add_option("--echo-ms", options->echo_ms,
                                   "what the assistant says comes back in the caller's audio, so "
                                   "many milliseconds after the phone played it");
  command->add_option("--echo-db", options->echo_db, "and so much louder")
      ->needs(echo)
      ->capture_default_str();
  command->add_flag("--json", options->as_json, "the whole report as JSON");
  for (const char* name :
       {"--caller", "--say", "--interrupt", "--chunk-trouble", "--recording-stops-at"})
    command->get_option(name)->allow_extra_args(false);
  command->footer(
      "examples:\n"
      "  earshot-sim call --to http://127.0.0.1:8080 --caller caller.wav\n"
      "  earshot-sim call --say \"Good morning.\" --interrupt \"Wait a moment.\" --seconds 20\n"
      "  earshot-sim call --simulator http://127.0.0.1:7788 --tones 30 --chunk-seconds 10 --json\n"
      "  earshot-sim call --say \"Hello.\" --chunk-seconds 5 --chunk-trouble 1:lost\n"
      "  earshot-sim call --say \"Hello.\" --echo-ms 250 --echo-db -18 --speech-dbfs -30");
  command->callback([options, command, &status] { status = call(*options, *command); });
}

}  // namespace earshot::simulator
