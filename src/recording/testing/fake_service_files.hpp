#pragma once
// ACS's storage for tests: files by location, with what goes wrong there by script.

#include "ports/service_files.hpp"
#include "recording/testing/recorded_call.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace earshot::recording::testing {

class FakeServiceFiles : public ServiceFiles {
 public:
  std::map<std::string, Bytes> files;
  // Each takes the place of one answer to a read, in order.
  std::deque<Error> errors;
  std::deque<Error> removal_errors;
  int empty_answers = 0;           // files of 0 bytes, before the true ones
  std::string forbidden;           // what locations begin with that are refused
  std::vector<std::string> reads;  // "<location> <offset>"
  std::vector<std::string> removed;
  std::set<std::string> resources;  // as whose files they were asked for
  std::uint64_t largest_read = 0;
  // Runs before each answer.
  std::function<void()> before;

  Result<void> check(const std::string& location) const override {
    if (forbidden.empty() || !location.starts_with(forbidden)) return ok();
    return Failure(Error{.kind = ErrorKind::refused,
                         .message = "that host is none of ACS's",
                         .code = "host_not_allowed"});
  }
  Task<Result<ServicePiece>> read(ServiceFile asked, std::uint64_t offset,
                                  std::uint64_t length) override {
    const auto location = std::move(asked.location);
    resources.insert(std::move(asked.resource));
    if (before) before();
    if (auto allowed = check(location); !allowed) co_return Failure(allowed.error());
    reads.push_back(fmt::format("{} {}", location, offset));
    largest_read = std::max(largest_read, length);
    if (!errors.empty()) {
      auto error = errors.front();
      errors.pop_front();
      co_return Failure(std::move(error));
    }
    if (empty_answers > 0) {
      --empty_answers;
      co_return ServicePiece{};
    }
    const auto file = files.find(location);
    if (file == files.end()) co_return fail(ErrorKind::not_found, "ACS's storage answered 404");
    const auto& bytes = file->second;
    const auto from = std::min<std::uint64_t>(offset, bytes.size());
    const auto to = std::min<std::uint64_t>(offset + length, bytes.size());
    co_return ServicePiece{.bytes = Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                                          bytes.begin() + static_cast<std::ptrdiff_t>(to)),
                           .file_bytes = bytes.size()};
  }
  Task<Result<void>> remove(ServiceFile file) override {
    removed.push_back(std::move(file.location));
    resources.insert(std::move(file.resource));
    if (!removal_errors.empty()) {
      auto error = removal_errors.front();
      removal_errors.pop_front();
      co_return Failure(std::move(error));
    }
    co_return ok();
  }
};

}  // namespace earshot::recording::testing
