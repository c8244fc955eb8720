#include "app/data_folder.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace earshot::app {

namespace {

Failure unusable(const std::string& path, const std::string& why) {
  return fail(ErrorKind::unavailable, fmt::format("EARSHOT_DATA_DIR {}: {}", path, why));
}

}  // namespace

Result<DataFolder> DataFolder::claim(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return unusable(path, error.message());
  DataFolder folder;
  folder.path_ = std::filesystem::absolute(path, error);
  if (error) return unusable(path, error.message());
  folder.lock_ = ::open((folder.path_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (folder.lock_ < 0) return unusable(path, std::generic_category().message(errno));
  if (::flock(folder.lock_, LOCK_EX | LOCK_NB) == 0) return folder;
  if (errno != EWOULDBLOCK) return unusable(path, std::generic_category().message(errno));
  return fail(ErrorKind::conflict,
              fmt::format("EARSHOT_DATA_DIR {} is in use by another earshot serve: stop that one, "
                          "or give this one a directory of its own",
                          path));
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder& DataFolder::operator=(DataFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  return *this;
}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace earshot::app
