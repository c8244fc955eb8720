// earshot-sim serve, env and tones.
#include "simulator/program.hpp"
#include "simulator/tones.hpp"
#include "simulator/wav_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

int serve(ProgramOptions options) {
  if (auto finished = finish_options(options); !finished) {
    fmt::print(stderr, "earshot-sim: {}\n", finished.error().message);
    return 2;
  }
  Process process(options, print_progress);
  if (auto started = process.start(); !started) {
    fmt::print(stderr, "earshot-sim: {}\n", started.error().message);
    return 1;
  }
  if (auto written = write_resources_file(options, process.resources()); !written) {
    fmt::print(stderr, "earshot-sim: {}\n", written.error().message);
    return 1;
  }
  for (const auto& acs : process.resources().all())
    fmt::print(stderr, "{} serves at {}\n",
               acs->options().label.empty() ? "the simulator" : acs->options().label,
               acs->base_url());
  fmt::print(stderr, "an application needs:\n");
  for (const auto& [name, value] : program_environment(options, process.resources()))
    fmt::print("{}={}\n", name, value);
  std::fflush(stdout);
  process.run_until_signal();
  return 0;
}

int print_environment(ProgramOptions options, bool with_export) {
  if (auto finished = finish_options(options); !finished) {
    fmt::print(stderr, "earshot-sim: {}\n", finished.error().message);
    return 2;
  }
  // Nothing is started; the values follow from the options.
  Process process(options, {});
  if (auto written = write_resources_file(options, process.resources()); !written) {
    fmt::print(stderr, "earshot-sim: {}\n", written.error().message);
    return 1;
  }
  for (const auto& [name, value] : program_environment(options, process.resources()))
    fmt::print("{}{}={}\n", with_export ? "export " : "", name,
               with_export ? "'" + value + "'" : value);
  return 0;
}

int read_tones(const std::string& file, bool assistant) {
  auto sound = read_sound_file(file);
  if (!sound) {
    fmt::print(stderr, "earshot-sim: {}\n", sound.error().message);
    return 1;
  }
  const auto tones =
      decode_tones(sound->samples, sound->rate_hz, assistant ? Party::assistant : Party::caller);
  for (const auto& tone : tones)
    fmt::print("{:5} {:9.3f} {:9.3f}\n", tone.number, tone.start_s, tone.end_s);
  fmt::print(stderr, "{} tones\n", tones.size());
  return 0;
}

}  // namespace

void add_serve_command(CLI::App& program, int& status) {
  auto* command = program.add_subcommand("serve", "simulated services, until a signal ends them");
  auto options = std::make_shared<ProgramOptions>();
  add_shared_options(*command, *options);
  command
      ->add_option("--application", options->application,
                   "where the application is, for calls whose plan does not say")
      ->capture_default_str();
  command->footer(
      "examples:\n"
      "  earshot-sim serve --recordings /tmp/recordings --chunk-seconds 10\n"
      "  earshot-sim serve --recordings /tmp/recordings --resources-file /tmp/resources.json "
      "--resource weu:number=+15550199 --resource jpe:number=+15550299\n"
      "  curl -d '{\"utterances\":[{\"say\":\"Hello.\"}],\"hangUpAt\":20}' "
      "http://127.0.0.1:7788/sim/calls");
  command->callback([options, &status] { status = serve(*options); });
}

void add_env_command(CLI::App& program, int& status) {
  auto* command = program.add_subcommand("env", "what an application needs to use this simulator");
  auto options = std::make_shared<ProgramOptions>();
  auto with_export = std::make_shared<bool>(false);
  add_shared_options(*command, *options);
  command->add_option("--application", options->application, "where the application will be")
      ->capture_default_str();
  command->add_flag("--export", *with_export, "as shell commands");
  command->footer("example:\n  eval \"$(earshot-sim env --export)\" && earshot serve");
  command->callback(
      [options, with_export, &status] { status = print_environment(*options, *with_export); });
}

void add_tones_command(CLI::App& program, int& status) {
  auto* command = program.add_subcommand("tones", "reads the numbered tones back from a recording");
  auto file = std::make_shared<std::string>();
  auto assistant = std::make_shared<bool>(false);
  command->add_option("file", *file, "a sound file")->required();
  command->add_flag("--assistant", *assistant, "the assistant's tones, not the caller's");
  command->footer("example:\n  earshot-sim tones recording.wav");
  command->callback([file, assistant, &status] { status = read_tones(*file, *assistant); });
}

}  // namespace earshot::simulator
