#pragma once
// The service's folder of its own (EARSHOT_DATA_DIR): made when it is not there, and locked,
// because two services that write one event spool and one set of taps would ruin both.

#include "base/result.hpp"

#include <filesystem>

namespace earshot::app {

// The lock goes with the object, and with the process, however that ends.
class DataFolder {
 public:
  // `conflict` when another service has it; `unavailable` when it cannot be made or written.
  static Result<DataFolder> claim(const std::string& path);
  DataFolder() = default;
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;
  ~DataFolder();

  const std::filesystem::path& path() const { return path_; }  // absolute

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace earshot::app
