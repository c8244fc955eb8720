#pragma once
// The verbs of the `earshot` program that are not the operators' (those are cli's): serve and
// config. Each gives the exit code: 0 done, 1 could not, 2 wrong configuration.

#include "app/config.hpp"

#include <string>

namespace earshot::app {

enum class ConfigView { text, json, env_example, markdown };

int run_config(const std::string& env_file, ConfigView view);
// Until SIGTERM or SIGINT.
int run_serve(const std::string& env_file);
// The `.env` file, or nothing when the default one is not there.
EnvFile read_env_file(const std::string& path, bool must_exist);

}  // namespace earshot::app
