#pragma once
// What all verbs share that ask one thing and show the answer. Private to cli/*_command.cpp.

#include "base/result.hpp"

#include <boost/json.hpp>
#include <functional>
#include <string>

namespace earshot::cli {

// `body` is what the API answered: with `json` printed as it came, else `show` prints it for
// people. Exit code, as all verbs; an answer that is an error, or no JSON, is told on standard
// error.
int show_answer(bool json, const Result<std::string>& body,
                const std::function<void(const boost::json::object&)>& show);

}  // namespace earshot::cli
