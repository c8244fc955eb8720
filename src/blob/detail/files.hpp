#pragma once
// Blocking file work for the directory store, with errno as an Error. Paths are never attacker's
// text by here: detail/checks.hpp has seen them.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/stat.h>

namespace earshot::blob::detail {

// An open descriptor, closed at the end.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File();
  File(File&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  File& operator=(File&&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct FileFacts {
  std::uint64_t bytes = 0;
  std::string etag;
  WallTime modified_at{};
};

// errno as a kind: gone is `not_found`; a file where a folder is meant, or the reverse, is
// `conflict`; a full disk is `unavailable`; the rest is `refused` or `unavailable`.
Failure file_failure(std::string_view doing, const std::filesystem::path& path, int error_number);

Result<File> open_regular(const std::filesystem::path& path);  // for reading; no symbolic link
Result<File> create_file(const std::filesystem::path& path);   // must not exist
Result<void> write_all(const File& file, ByteView bytes, const std::filesystem::path& path);
Result<Bytes> read_range(const File& file, std::uint64_t offset, std::uint64_t length,
                         const std::filesystem::path& path);
Result<FileFacts> facts_of(const File& file, const std::filesystem::path& path);
FileFacts facts_of(const struct stat& status);
Result<void> sync_file(const File& file, const std::filesystem::path& path);
Result<void> sync_folder(const std::filesystem::path& folder);
// With those above it; `sync` makes the new ones durable.
Result<void> make_folders(const std::filesystem::path& folder, bool sync);
// Renames, replacing what is there. Always true when it succeeds.
Result<bool> rename_over(const std::filesystem::path& from, const std::filesystem::path& to);
// Renames, or says false when something is there already.
Result<bool> rename_new(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace earshot::blob::detail
