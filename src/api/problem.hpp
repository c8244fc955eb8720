#pragma once
// The one table from Error to HTTP status, and the shape of every error body:
// application/problem+json, as net/http_message.hpp writes it.

#include "base/result.hpp"
#include "net/http_message.hpp"

#include <string_view>

namespace earshot::api {

int http_status(ErrorKind kind);
net::HttpResponse problem(const Error& error);
net::HttpResponse problem(int status, std::string_view code, std::string_view message);

}  // namespace earshot::api
