// earshot-sim: a stand-in for Azure Communication Services and Voice Live.
#include "simulator/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
  CLI::App program{"earshot-sim: a stand-in for Azure Communication Services and Voice Live"};
  program.require_subcommand(1);
  int status = 0;
  earshot::simulator::add_serve_command(program, status);
  earshot::simulator::add_call_command(program, status);
  earshot::simulator::add_env_command(program, status);
  earshot::simulator::add_tones_command(program, status);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.exit(error);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "earshot-sim: %s\n", error.what());
    return 1;
  }
  return status;
}
