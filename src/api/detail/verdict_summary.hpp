#pragma once
// What lists show of a verdict, and what is shown with a call and its verdict alike. Private to
// api/*_json.cpp.

#include "domain/call.hpp"
#include "domain/verdict.hpp"

#include <boost/json.hpp>

namespace earshot::api {

boost::json::object show_summary(const Verdict& verdict);
// The play-out record of the recording notice, in seconds of the call's clock.
boost::json::object show_notice(const Call& call);

}  // namespace earshot::api
