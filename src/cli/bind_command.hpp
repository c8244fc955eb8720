#pragma once
// How a verb of the command line comes by its options. Private to cli/*commands.cpp.

#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <memory>

namespace earshot::cli {

void add_common(CLI::App& command, CommonOptions& common);

// Options live as long as the command line: CLI11 writes into them while parsing.
template <class Options>
std::shared_ptr<Options> bind(CLI::App& command, ChosenCommand& chosen,
                              Task<int> (*run)(ApiClient&, Options)) {
  auto options = std::make_shared<Options>();
  add_common(command, options->common);
  command.callback([options, &command, &chosen, run] {
    if (!command.get_subcommands().empty()) return;  // that one was meant
    chosen.common = options->common;
    chosen.run = [options, run](ApiClient& client) { return run(client, *options); };
  });
  return options;
}

}  // namespace earshot::cli
