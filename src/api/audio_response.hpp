#pragma once
// An AudioReader as an HTTP answer: ranges, HEAD, constant memory, the first byte at once.

#include "net/http_message.hpp"
#include "recording/audio_reader.hpp"

#include <memory>
#include <string>

namespace earshot::api {

// 200, 206 or 416, by the request's Range header (and If-Range, when it names another ETag: the
// whole).
net::HttpResponse audio_response(const net::HttpRequest& request,
                                 std::unique_ptr<recording::AudioReader> audio,
                                 const std::string& file_name, const std::string& etag);

}  // namespace earshot::api
