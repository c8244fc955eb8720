#pragma once
// Adds `retention`, `holds` and `erase` to a command line. Private to cli.

#include "cli/commands.hpp"

namespace earshot::cli {

void add_retention_commands(CLI::App& app, ChosenCommand& chosen);

}  // namespace earshot::cli
