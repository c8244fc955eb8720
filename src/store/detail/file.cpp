#include "store/detail/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace earshot::store {
namespace {

Failure system_failure(std::string_view doing, const std::filesystem::path& path, int error) {
  const auto kind = error == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable;
  return fail(
      kind, fmt::format("{} {}: {}", doing, path.string(), std::generic_category().message(error)));
}

}  // namespace

File::~File() { close(); }

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

void File::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<File> File::open(const std::filesystem::path& path, Mode mode) {
  const int flags = mode == Mode::read ? O_RDONLY : O_RDWR | O_CREAT;
  File file;
  file.path_ = path;
  file.fd_ = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file.fd_ < 0) return system_failure("open", path, errno);
  return file;
}

Result<std::uint64_t> File::size() const {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return system_failure("look at", path_, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

Result<Bytes> File::read(std::uint64_t offset, std::uint64_t length) const {
  const auto end = size();
  if (!end) return Failure(end.error());
  Bytes bytes(offset >= *end ? 0 : std::min(length, *end - offset));
  std::size_t got = 0;
  while (got < bytes.size()) {
    const auto n =
        ::pread(fd_, bytes.data() + got, bytes.size() - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_failure("read", path_, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

std::size_t File::write_some(std::uint64_t offset, ByteView bytes) const {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto n =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

// One call of the system for all; what it leaves is written piece by piece, so that an error shows.
std::size_t File::write_some(std::uint64_t offset, std::span<const ByteView> pieces) const {
  std::array<iovec, pieces_max> parts{};
  const std::size_t count = std::min(pieces.size(), parts.size());
  for (std::size_t i = 0; i < count; ++i)
    parts[i] = {.iov_base = const_cast<std::uint8_t*>(pieces[i].data()),
                .iov_len = pieces[i].size()};
  const auto n = ::pwritev(fd_, parts.data(), static_cast<int>(count), static_cast<off_t>(offset));
  std::size_t done = n > 0 ? static_cast<std::size_t>(n) : 0;
  std::size_t before = 0;
  for (const ByteView piece : pieces.first(count)) {
    if (done < before + piece.size()) {
      const ByteView rest = piece.subspan(done - before);
      const std::size_t more = write_some(offset + done, rest);
      done += more;
      if (more < rest.size()) break;
    }
    before += piece.size();
  }
  return done;
}

Result<void> File::write(std::uint64_t offset, ByteView bytes) const {
  if (write_some(offset, bytes) == bytes.size()) return ok();
  return system_failure("write", path_, errno);
}

Result<void> File::truncate(std::uint64_t length) const {
  if (::ftruncate(fd_, static_cast<off_t>(length)) == 0) return ok();
  return system_failure("cut", path_, errno);
}

Result<void> File::sync() const {
  if (::fdatasync(fd_) == 0) return ok();
  return system_failure("sync", path_, errno);
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return system_failure("open", directory, errno);
  const int synced = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return system_failure("sync", directory, error);
  return ok();
}

Result<void> make_directories(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return system_failure("make directory", directory, error.value());
  return ok();
}

}  // namespace earshot::store
