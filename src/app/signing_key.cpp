#include "app/signing_key.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace earshot::app {

namespace {

Failure unusable(const std::filesystem::path& path, const std::string& why) {
  return fail(ErrorKind::unavailable, fmt::format("the signing key {}: {}", path.string(), why));
}

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

Result<recording::ManifestKey> key_of(std::string_view text, const std::filesystem::path& path) {
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  auto bytes = base64::decode(text);
  if (!bytes) return unusable(path, "it is not base64");
  auto key = recording::make_manifest_key(std::move(*bytes));
  if (!key) return unusable(path, key.error().message);
  return key;
}

Result<recording::ManifestKey> read_key(int descriptor, const std::filesystem::path& path) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0)
    return unusable(path, std::generic_category().message(errno));
  if ((status.st_mode & 077) != 0)
    return unusable(path,
                    "others may read it; make it this user's alone (chmod 600), or put "
                    "another in its place if they did");
  std::array<char, 256> text{};
  const auto length = ::read(descriptor, text.data(), text.size());
  if (length < 0) return unusable(path, std::generic_category().message(errno));
  return key_of({text.data(), static_cast<std::size_t>(length)}, path);
}

// Whole or not at all: written under another name, synced, then renamed.
Result<recording::ManifestKey> make_key(const std::filesystem::path& path) {
  const auto pair = crypto::make_ed25519_key_pair();
  const auto text = base64::encode(pair.private_key) + "\n";
  const auto temporary = path.string() + ".new";
  const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0 ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), path.c_str()) != 0)
    return unusable(path, std::generic_category().message(errno));
  return recording::ManifestKey{pair.private_key, pair.public_key};
}

}  // namespace

Result<recording::ManifestKey> load_signing_key(const Config& config,
                                                const std::filesystem::path& folder) {
  if (!config.signing_key.empty())
    return key_of(config.signing_key.reveal(), "EARSHOT_SIGNING_KEY");
  const auto path = folder / "signing.key";
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0) return read_key(file.get(), path);
  if (errno != ENOENT) return unusable(path, std::generic_category().message(errno));
  return make_key(path);
}

std::vector<Bytes> manifest_public_keys(const recording::ManifestKey& present,
                                        const Config& config) {
  std::vector<Bytes> keys{present.public_key};
  for (const auto& former : config.former_manifest_keys)
    if (former != present.public_key) keys.push_back(former);
  return keys;
}

}  // namespace earshot::app
