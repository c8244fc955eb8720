#include "app/key_file.hpp"

#include "base/base64.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace earshot::app {

namespace {

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

Failure unusable(const std::string& why) { return fail(ErrorKind::unavailable, why); }
Failure failed_call() { return unusable(std::generic_category().message(errno)); }

Result<Bytes> read_key(int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return failed_call();
  if ((status.st_mode & 077) != 0)
    return unusable(
        "others may read it; make it this user's alone (chmod 600), or put another in its place if "
        "they did");
  std::array<char, 256> content{};
  const auto length = ::read(descriptor, content.data(), content.size());
  if (length < 0) return failed_call();
  std::string_view text(content.data(), static_cast<std::size_t>(length));
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  auto bytes = base64::decode(text);
  if (!bytes) return unusable("it is not base64");
  return bytes;
}

// Whole or not at all: written under another name, synced, then renamed.
Result<void> write_key(const std::filesystem::path& path, const Bytes& key) {
  const auto text = base64::encode(key) + "\n";
  const auto temporary = path.string() + ".new";
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0)
    return failed_call();
  return ok();
}

Result<Bytes> read_or_make(const std::filesystem::path& path, const std::function<Bytes()>& make) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0) return read_key(file.get());
  if (errno != ENOENT) return failed_call();
  auto key = make();
  if (auto written = write_key(path, key); !written) return Failure(written.error());
  return key;
}

}  // namespace

Result<Bytes> load_key_file(const std::filesystem::path& path, std::string_view what,
                            std::size_t bytes, const std::function<Bytes()>& make) {
  auto key = read_or_make(path, make);
  if (key && key->size() != bytes)
    key = unusable(fmt::format(
        "it holds {} bytes where a key has {}; put the file back as it was, or remove it to have "
        "another key made",
        key->size(), bytes));
  if (!key) return fail(fmt::format("{} {}", what, path.string()), key.error());
  return key;
}

}  // namespace earshot::app
