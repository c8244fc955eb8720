#pragma once
// The text of a log line. Values come from the other side of a socket, so whatever could end a
// line, start a terminal sequence or close a quote is escaped: a line of the log is always one of
// ours.

#include "base/log.hpp"

#include <string>
#include <string_view>

namespace earshot::detail {

// Longer values are cut, and the line says by how much.
inline constexpr std::size_t log_value_bytes_max = 2048;

std::string_view to_text(LogLevel level);

// recording stopped recording=rec_1 reason="hung up" chunks=2
std::string text_line(std::string_view message, const LogFields& fields);
// "message":"recording stopped","recording":"rec_1","reason":"hung up","chunks":"2"
std::string json_members(std::string_view message, const LogFields& fields);

}  // namespace earshot::detail
