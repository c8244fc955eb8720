#include "simulator/storage_door.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::simulator {
namespace {

// This host's errors have a shape of their own.
net::HttpResponse storage_error(int status, std::string_view title) {
  return net::json_response(
      status, fmt::format(R"({{"title":"{}","status":{},"message":"{}"}})", title, status, title));
}

struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};

// "bytes=10-14", "bytes=10-". False: not satisfiable, or not understood.
bool read_range(std::string_view text, std::size_t size, Range& range) {
  if (!text.starts_with("bytes=")) return false;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos || dash == 0) return false;
  std::size_t last = size - 1;
  const char* const begin = &text.front();
  if (std::from_chars(begin, begin + dash, range.first).ec != std::errc{}) return false;
  if (dash + 1 < text.size() &&
      std::from_chars(begin + dash + 1, begin + text.size(), last).ec != std::errc{})
    return false;
  if (range.first >= size || last < range.first) return false;
  range.count = std::min(last, size - 1) - range.first + 1;
  return true;
}

}  // namespace

StorageDoor::StorageDoor(SimulatorServices services, ServiceStorage& storage, Faults& faults,
                         const RequestVerifier& verifier, bool verify)
    : services_(services),
      storage_(storage),
      faults_(faults),
      verifier_(verifier),
      verify_(verify) {}

Task<net::HttpResponse> StorageDoor::handle(net::HttpRequest request) {
  if (verify_) {
    if (auto verified = verifier_.verify_download(request); !verified)
      co_return storage_error(401, "Unauthorized");
  }
  const Fault fault = faults_.at(request.method == "DELETE" ? "storage.delete" : "storage.get");
  if (fault.delay > Duration::zero()) co_await services_.clock.sleep_for(fault.delay);
  if (fault.status != 0) co_return storage_error(fault.status, "Fault of the script");
  if (!fault.redirect.empty())
    co_return net::HttpResponse{.status = 302,
                                .headers = {{"Location", fault.redirect + request.target}}};

  std::string rest = request.path.substr(std::string_view("/v1/objects/").size());
  const auto slash = rest.find('/');
  const std::string document_id = rest.substr(0, slash);
  const std::string part = slash == std::string::npos ? "" : rest.substr(slash);
  if (request.method == "DELETE" && part.empty())
    co_return storage_.erase(document_id) ? net::HttpResponse{.status = 200}
                                          : storage_error(404, "Not Found");
  const auto* stored = storage_.find(document_id);
  if (request.method != "GET" || stored == nullptr ||
      (part != "/content/video" && part != "/content/acsmetadata"))
    co_return storage_error(404, "Not Found");
  const std::string& bytes = part == "/content/video" ? stored->content : stored->metadata;
  net::HttpResponse response{.headers = {{"Content-Type", "application/octet-stream"}}};
  const auto asked = request.headers.find("Range");
  // A resource that has been idle for long sometimes answers with nothing at all.
  if (fault.drop) co_return response;
  if (!asked || bytes.empty()) {
    response.body = bytes;
    co_return response;
  }
  Range range;
  if (!read_range(*asked, bytes.size(), range))
    co_return storage_error(416, "Range Not Satisfiable");
  response.status = 206;
  response.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", range.first,
                                                    range.first + range.count - 1, bytes.size()));
  response.body = bytes.substr(range.first, range.count);
  co_return response;
}

}  // namespace earshot::simulator
