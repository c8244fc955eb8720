#pragma once
// What lists show of a verdict. Private to api/*_json.cpp.

#include "domain/verdict.hpp"

#include <boost/json.hpp>

namespace earshot::api {

boost::json::object show_summary(const Verdict& verdict);

}  // namespace earshot::api
