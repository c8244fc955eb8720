#include "blob/detail/files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <system_error>
#include <unistd.h>

namespace earshot::blob::detail {

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

Failure file_failure(std::string_view doing, const std::filesystem::path& path, int error_number) {
  ErrorKind kind = ErrorKind::unavailable;
  switch (error_number) {
    case ENOENT:
      kind = ErrorKind::not_found;
      break;
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case ENOTEMPTY:
      kind = ErrorKind::conflict;
      break;
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      kind = ErrorKind::invalid;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::refused;
      break;
    default:
      break;
  }
  return fail(kind, fmt::format("{} {}: {}", doing, path.string(),
                                std::generic_category().message(error_number)));
}

Result<File> open_regular(const std::filesystem::path& path) {
  // Not blocking, or a FIFO in the folder would hold the thread for ever.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    // A name below a file: there is no such blob.
    const int error_number = errno == ENOTDIR ? ENOENT : errno;
    return file_failure("open", path, error_number);
  }
  File file(fd);
  struct stat status{};
  if (::fstat(fd, &status) != 0) return file_failure("stat", path, errno);
  if (!S_ISREG(status.st_mode)) return file_failure("open", path, ENOENT);
  return file;
}

Result<File> create_file(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return file_failure("create", path, errno);
  return File(fd);
}

Result<void> write_all(const File& file, ByteView bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const auto written = ::write(file.fd(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return file_failure("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return ok();
}

Result<Bytes> read_range(const File& file, std::uint64_t offset, std::uint64_t length,
                         const std::filesystem::path& path) {
  Bytes bytes(length);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto got = ::pread(file.fd(), bytes.data() + filled, bytes.size() - filled,
                             static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_failure("read", path, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

FileFacts facts_of(const struct stat& status) {
  const auto ns = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return {.bytes = static_cast<std::uint64_t>(status.st_size),
          .etag = fmt::format("{:x}-{:x}-{:x}", status.st_size, ns, status.st_ino),
          .modified_at = from_unix_us(ns / 1000)};
}

Result<FileFacts> facts_of(const File& file, const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(file.fd(), &status) != 0) return file_failure("stat", path, errno);
  return facts_of(status);
}

Result<void> sync_file(const File& file, const std::filesystem::path& path) {
  if (::fsync(file.fd()) != 0) return file_failure("fsync", path, errno);
  return ok();
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return file_failure("open", folder, errno);
  File file(fd);
  return sync_file(file, folder);
}

Result<void> make_folders(const std::filesystem::path& folder, bool sync) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return ok();
  if (auto above = make_folders(folder.parent_path(), sync); !above) return above;
  if (::mkdir(folder.c_str(), 0750) != 0 && errno != EEXIST)
    return file_failure("make folder", folder, errno);
  if (!std::filesystem::is_directory(folder, error))
    return file_failure("make folder", folder, ENOTDIR);
  if (!sync || folder.parent_path().empty()) return ok();
  return sync_folder(folder.parent_path());
}

Result<bool> rename_over(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return file_failure("rename to", to, errno);
  return true;
}

Result<bool> rename_new(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) return file_failure("rename to", to, errno);
  // Some network file systems know no RENAME_NOREPLACE; a hard link refuses to replace too.
  if (::link(from.c_str(), to.c_str()) != 0) {
    if (errno == EEXIST) return false;
    return file_failure("link", to, errno);
  }
  ::unlink(from.c_str());
  return true;
}

}  // namespace earshot::blob::detail
