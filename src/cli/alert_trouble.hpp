#pragma once
// Of an alert as the API shows it. Private to cli/*_command.cpp.

#include <boost/json.hpp>
#include <string>

namespace earshot::cli {

// "host: error" of the first webhook that has not taken it and has been tried; "" where there is
// none.
std::string alert_trouble(const boost::json::object& alert);

}  // namespace earshot::cli
