#pragma once
// An audio file of the service's, written to this machine. Private to cli/*_command.cpp.

#include "cli/api_client.hpp"

#include <cstdint>
#include <string>

namespace earshot::cli {

// Shows on standard error how far something is: a line that moves on a terminal, one line a tenth
// otherwise.
class Progress {
 public:
  Progress();
  void expect(std::uint64_t bytes) { expected_ = bytes; }
  void add(std::uint64_t bytes) { reach(done_ + bytes); }
  void reach(std::uint64_t bytes);
  void finish() const;
  std::uint64_t done() const { return done_; }
  std::uint64_t expected() const { return expected_; }

 private:
  bool terminal_;
  std::uint64_t expected_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t shown_at_ = 0;
  int tenth_shown_ = -1;
};

// False, and says so, when the file is there already and must not be replaced.
bool may_write(const std::string& file, bool overwrite);

struct AudioDownload {
  std::string path;  // of the API
  std::string file;  // "-" is standard output
};
struct DownloadedFile {
  std::string file;  // absolute
  std::uint64_t bytes = 0;
};
// Under another name until it is whole, so that a broken download is never taken for a recording.
Task<Result<DownloadedFile>> download_audio(ApiClient& client, AudioDownload wanted);

}  // namespace earshot::cli
