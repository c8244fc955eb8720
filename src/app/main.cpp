// earshot: the service and its command line.
#include "app/commands.hpp"
#include "app/version.hpp"
#include "cli/commands.hpp"
#include "net/http_client.hpp"
#include "net/runtime.hpp"

#include <CLI/CLI.hpp>

namespace {

using namespace earshot;

// As for a wrong configuration: nothing was tried.
constexpr int usage_error = 2;

Task<void> run_verb(cli::ApiClient& client, const cli::ChosenCommand* chosen, int& exit_code) {
  exit_code = co_await chosen->run(client);
}

int run_operator_verb(const cli::ChosenCommand& chosen) {
  net::Runtime runtime(1);
  auto clock = net::make_asio_clock();
  auto network = net::make_tcp_network();
  auto http = net::make_http_client(*network, runtime.worker(0), *clock,
                                    {.ca_pem_file = chosen.common.ca_file});
  cli::ApiTarget target{.url = chosen.common.url, .api_key = Secret(chosen.common.api_key)};
  cli::ApiClient client(*http, *clock, std::move(target));
  int exit_code = 1;
  runtime.worker(0).spawn(run_verb(client, &chosen, exit_code), [&](std::exception_ptr thrown) {
    if (thrown) std::fputs("earshot: an internal fault ended the command\n", stderr);
    runtime.stop();
  });
  runtime.run();
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Earshot: phone calls with AI assistants on Azure Communication Services, recorded so that "
      "people can\n"
      "trust the recording."};
  app.require_subcommand(1);
  app.set_version_flag("--version", "earshot " + std::string(app::version));
  app.footer(
      "Examples:\n  earshot serve\n  earshot config\n  earshot calls\n  earshot recordings "
      "download ID -o call.wav");

  std::string env_file = ".env";
  auto* serve =
      app.add_subcommand("serve", "Answers calls, until SIGTERM; those in progress may finish");
  serve->add_option("--env-file", env_file, "settings that the environment does not have");
  serve->footer(
      "Examples:\n  earshot serve\n  PORT=9000 earshot serve --env-file /etc/earshot/env");

  auto* config = app.add_subcommand("config", "The settings in force, and what is wrong with them");
  config->add_option("--env-file", env_file, "settings that the environment does not have");
  bool json = false;
  bool example = false;
  bool markdown = false;
  auto* json_flag = config->add_flag("--json", json, "as JSON");
  auto* example_flag =
      config->add_flag("--env-example", example, "a .env file to fill in")->excludes(json_flag);
  config->add_flag("--markdown", markdown, "the table of docs/configuration.md")
      ->excludes(json_flag, example_flag);
  config->footer("Examples:\n  earshot config\n  earshot config --env-example > .env");

  earshot::cli::ChosenCommand chosen;
  earshot::cli::add_commands(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : usage_error;
  }
  if (serve->parsed()) return earshot::app::run_serve(env_file);
  if (config->parsed()) {
    using earshot::app::ConfigView;
    const ConfigView view = json       ? ConfigView::json
                            : example  ? ConfigView::env_example
                            : markdown ? ConfigView::markdown
                                       : ConfigView::text;
    return earshot::app::run_config(env_file, view);
  }
  return run_operator_verb(chosen);
}
