#pragma once
// A file descriptor that is closed, and the few calls that spools need, whole or failed. Errors
// name the path and what to do. Thin over POSIX; blocking.

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>

namespace earshot::store {

class File {
 public:
  File() = default;
  ~File();
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  File& operator=(File&& other) noexcept;

  enum class Mode { read, write };  // write: also read; made when missing, for its user alone
  // `not_found` when there is none to read.
  static Result<File> open(const std::filesystem::path& path, Mode mode);

  bool is_open() const { return fd_ >= 0; }
  int descriptor() const { return fd_; }
  Result<std::uint64_t> size() const;
  // Fewer bytes at the end of the file.
  Result<Bytes> read(std::uint64_t offset, std::uint64_t length) const;
  // Gives how many bytes were written before the disk refused; the reason is in errno then.
  std::size_t write_some(std::uint64_t offset, ByteView bytes) const;
  // The same of several pieces, one after the other in the file; at most pieces_max.
  std::size_t write_some(std::uint64_t offset, std::span<const ByteView> pieces) const;
  static constexpr std::size_t pieces_max = 16;
  Result<void> write(std::uint64_t offset, ByteView bytes) const;
  Result<void> truncate(std::uint64_t length) const;
  Result<void> sync() const;  // of the data
  void close();

 private:
  int fd_ = -1;
  std::filesystem::path path_;
};

// Makes a new name in the directory last through a loss of power.
Result<void> sync_directory(const std::filesystem::path& directory);
Result<void> make_directories(const std::filesystem::path& directory);

}  // namespace earshot::store
