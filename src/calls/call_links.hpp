#pragma once
// The addresses of one call that ACS is given. The root path of recording callbacks stays
// /api/callbacks, as the report has it; the query names the call.

#include "domain/call.hpp"

#include <string>
#include <string_view>

namespace earshot::calls {

// "https://host/api/callbacks/<id>?k=<key>"
std::string callback_uri(std::string_view callback_uri_host, const Call& call);
// "wss://host/ws/<id>?k=<key>"; ws:// where the host is plain http.
std::string media_uri(std::string_view callback_uri_host, const Call& call);
// "https://host/api/callbacks?c=<id>&k=<key>"
std::string recording_state_uri(std::string_view callback_uri_host, const Call& call);

}  // namespace earshot::calls
