#include "blob/directory_blob_store.hpp"

#include "base/crypto.hpp"
#include "blob/blob_limits.hpp"
#include "blob/detail/checks.hpp"
#include "blob/detail/files.hpp"
#include "blob/detail/folder_walk.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace earshot::blob {
namespace {

constexpr const char* private_folder = ".earshot";

// Removes a temporary file that was not renamed away.
class Temporary {
 public:
  explicit Temporary(std::filesystem::path path) : path_(std::move(path)) {}
  ~Temporary() { ::unlink(path_.c_str()); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// That there is no such thing, unless the name is no name.
Failure not_supported(const Result<void>& checked, std::string_view what) {
  if (!checked) return Failure(checked.error());
  return Failure(Error{.kind = ErrorKind::invalid,
                       .message = fmt::format("a folder has no {}", what),
                       .code = blob_not_supported_code});
}

// Runs `work` on the offload and gives its result. A free coroutine, so that the lambda is its own
// parameter and lives as long as it runs.
template <class T>
Task<Result<T>> offloaded(Offload& offload, std::move_only_function<Result<T>()> work) {
  std::optional<Result<T>> result;
  std::move_only_function<void()> run = [&result, &work] { result.emplace(work()); };
  try {
    co_await offload.run(std::move(run));
  } catch (const std::system_error& error) {
    co_return fail(ErrorKind::unavailable, error.what());
  }
  co_return std::move(*result);
}

}  // namespace

DirectoryBlobStore::DirectoryBlobStore(DirectoryBlobStoreOptions options, Offload& offload,
                                       Random& random)
    : options_(std::move(options)), offload_(offload), random_(random) {}

Task<Result<void>> DirectoryBlobStore::put(BlobWrite write) {
  std::move_only_function<Result<void>()> work = [this, write = std::move(write)] {
    return put_now(write);
  };
  co_return co_await offloaded<void>(offload_, std::move(work));
}

Task<Result<Bytes>> DirectoryBlobStore::read(BlobName name, std::uint64_t offset,
                                             std::uint64_t length, std::string etag) {
  std::move_only_function<Result<Bytes>()> work = [this, name = std::move(name), offset, length,
                                                   etag = std::move(etag)] {
    return read_now(name, offset, length, etag);
  };
  co_return co_await offloaded<Bytes>(offload_, std::move(work));
}

Task<Result<BlobInfo>> DirectoryBlobStore::info(BlobName name) {
  std::move_only_function<Result<BlobInfo>()> work = [this, name = std::move(name)] {
    return info_now(name);
  };
  co_return co_await offloaded<BlobInfo>(offload_, std::move(work));
}

Task<Result<BlobPage>> DirectoryBlobStore::list(BlobListRequest request) {
  std::move_only_function<Result<BlobPage>()> work = [this, request = std::move(request)] {
    return detail::list_folder(options_.folder, request);
  };
  co_return co_await offloaded<BlobPage>(offload_, std::move(work));
}

Task<Result<void>> DirectoryBlobStore::remove(BlobName name) {
  std::move_only_function<Result<void>()> work = [this, name = std::move(name)] {
    return remove_now(name);
  };
  co_return co_await offloaded<void>(offload_, std::move(work));
}

Task<Result<void>> DirectoryBlobStore::stage_block(BlobName name, std::uint32_t number,
                                                   Bytes bytes) {
  std::move_only_function<Result<void>()> work = [this, name = std::move(name), number,
                                                  bytes = std::move(bytes)] {
    return stage_now(name, number, bytes);
  };
  co_return co_await offloaded<void>(offload_, std::move(work));
}

Task<Result<void>> DirectoryBlobStore::commit_blocks(BlobName name, std::uint32_t count,
                                                     std::string) {
  std::move_only_function<Result<void>()> work = [this, name = std::move(name), count] {
    return commit_now(name, count);
  };
  co_return co_await offloaded<void>(offload_, std::move(work));
}

Task<Result<TierChange>> DirectoryBlobStore::set_tier(BlobName name, StorageTier) {
  co_return not_supported(check(name), "tiers");
}

Task<Result<BlobTags>> DirectoryBlobStore::tags(BlobName name) {
  co_return not_supported(check(name), "index tags");
}

Task<Result<void>> DirectoryBlobStore::set_tags(BlobName name, BlobTags) {
  co_return not_supported(check(name), "index tags");
}

Task<Result<void>> DirectoryBlobStore::set_legal_hold(BlobName name, bool) {
  co_return not_supported(check(name), "legal holds");
}

Result<void> DirectoryBlobStore::put_now(const BlobWrite& write) const {
  if (auto checked = check(write.name); !checked) return checked;
  if (auto checked = detail::check_write(write.name, write.bytes.size()); !checked) return checked;
  const auto target = path_of(write.name);
  const Temporary temporary(temporary_path());
  if (auto made = detail::make_folders(temporary.path().parent_path(), options_.sync); !made)
    return made;
  {
    auto file = detail::create_file(temporary.path());
    if (!file) return Failure(file.error());
    if (auto written = detail::write_all(*file, write.bytes, temporary.path()); !written)
      return written;
    if (options_.sync)
      if (auto synced = detail::sync_file(*file, temporary.path()); !synced) return synced;
  }
  auto placed = place(temporary.path(), target, write.replace);
  if (!placed) return Failure(placed.error());
  if (*placed) return ok();
  auto file = detail::open_regular(target);
  if (!file) return fail(ErrorKind::conflict, fmt::format("{} is a folder", write.name.text));
  auto present = detail::read_range(*file, 0, write.bytes.size() + 1, target);
  if (!present) return Failure(present.error());
  if (*present != write.bytes)
    return fail(ErrorKind::conflict, fmt::format("{} holds other bytes", write.name.text));
  return ok();
}

Result<bool> DirectoryBlobStore::place(const std::filesystem::path& from,
                                       const std::filesystem::path& to, bool replace) const {
  Result<bool> placed = false;
  // The removal of the last blob of a folder removes the folder, perhaps between these two steps.
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (auto made = detail::make_folders(to.parent_path(), options_.sync); !made)
      return Failure(made.error());
    placed = replace ? detail::rename_over(from, to) : detail::rename_new(from, to);
    if (placed || placed.error().kind != ErrorKind::not_found) break;
  }
  if (!placed || !*placed || !options_.sync) return placed;
  if (auto synced = detail::sync_folder(to.parent_path()); !synced) return Failure(synced.error());
  return true;
}

Result<Bytes> DirectoryBlobStore::read_now(const BlobName& name, std::uint64_t offset,
                                           std::uint64_t length, const std::string& etag) const {
  if (auto checked = check(name); !checked) return Failure(checked.error());
  if (auto checked = detail::check_read(length); !checked) return Failure(checked.error());
  const auto path = path_of(name);
  auto file = detail::open_regular(path);
  if (!file) return Failure(file.error());
  auto facts = detail::facts_of(*file, path);
  if (!facts) return Failure(facts.error());
  if (!etag.empty() && etag != facts->etag)
    return fail(ErrorKind::conflict, fmt::format("{} has changed", name.text));
  if (offset >= facts->bytes) return Bytes{};
  return detail::read_range(*file, offset, std::min(length, facts->bytes - offset), path);
}

Result<BlobInfo> DirectoryBlobStore::info_now(const BlobName& name) const {
  if (auto checked = check(name); !checked) return Failure(checked.error());
  const auto path = path_of(name);
  auto file = detail::open_regular(path);
  if (!file) return Failure(file.error());
  auto facts = detail::facts_of(*file, path);
  if (!facts) return Failure(facts.error());
  return BlobInfo{.name = name,
                  .bytes = facts->bytes,
                  .etag = facts->etag,
                  .modified_at = facts->modified_at,
                  .content_type = detail::content_type_of(name.text)};
}

Result<void> DirectoryBlobStore::remove_now(const BlobName& name) const {
  if (auto checked = check(name); !checked) return checked;
  const auto path = path_of(name);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    if (errno == EISDIR) return ok();  // no blob of that name
    return detail::file_failure("remove", path, errno);
  }
  // Folders exist only for the blobs in them; the first that still holds something stops this.
  for (auto folder = path.parent_path(); folder != options_.folder; folder = folder.parent_path())
    if (::rmdir(folder.c_str()) != 0) break;
  return ok();
}

Result<void> DirectoryBlobStore::stage_now(const BlobName& name, std::uint32_t number,
                                           const Bytes& bytes) const {
  if (auto checked = check(name); !checked) return checked;
  if (auto checked = detail::check_block(name, number, bytes.size()); !checked) return checked;
  const auto folder = blocks_folder(name);
  if (auto made = detail::make_folders(folder, options_.sync); !made) return made;
  const Temporary temporary(folder / fmt::format("tmp-{:016x}", random_.next_u64()));
  auto file = detail::create_file(temporary.path());
  if (!file) return Failure(file.error());
  if (auto written = detail::write_all(*file, bytes, temporary.path()); !written) return written;
  if (options_.sync)
    if (auto synced = detail::sync_file(*file, temporary.path()); !synced) return synced;
  if (auto renamed = detail::rename_over(temporary.path(), folder / std::to_string(number));
      !renamed)
    return Failure(renamed.error());
  return options_.sync ? detail::sync_folder(folder) : ok();
}

Result<void> DirectoryBlobStore::commit_now(const BlobName& name, std::uint32_t count) const {
  if (auto checked = check(name); !checked) return checked;
  const auto blocks = blocks_folder(name);
  const auto target = path_of(name);
  std::error_code ignored;
  // A commit whose answer was lost is tried again; nothing is staged any more then.
  if (count > 0 && !std::filesystem::exists(blocks, ignored) && detail::open_regular(target))
    return ok();
  const Temporary temporary(temporary_path());
  if (auto made = detail::make_folders(temporary.path().parent_path(), options_.sync); !made)
    return made;
  auto whole = detail::create_file(temporary.path());
  if (!whole) return Failure(whole.error());
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto path = blocks / std::to_string(number);
    auto block = detail::open_regular(path);
    if (!block)
      return fail(ErrorKind::invalid,
                  fmt::format("block {} of {} was never staged", number, name.text));
    auto bytes = detail::read_range(*block, 0, std::filesystem::file_size(path, ignored), path);
    if (!bytes) return Failure(bytes.error());
    if (auto written = detail::write_all(*whole, *bytes, temporary.path()); !written)
      return written;
  }
  if (options_.sync)
    if (auto synced = detail::sync_file(*whole, temporary.path()); !synced) return synced;
  if (auto placed = place(temporary.path(), target, true); !placed) return Failure(placed.error());
  std::filesystem::remove_all(blocks, ignored);
  return ok();
}

Result<void> DirectoryBlobStore::check(const BlobName& name) const {
  if (auto checked = detail::check_name(name); !checked) return checked;
  for (std::size_t begin = 0; begin < name.text.size();) {
    const auto end = std::min(name.text.find('/', begin), name.text.size());
    if (name.text[begin] == '.')
      return fail(ErrorKind::invalid, "a segment of the blob name begins with '.'");
    if (end - begin > 255)
      return fail(ErrorKind::invalid, "a segment of the blob name has more than 255 bytes");
    begin = end + 1;
  }
  return ok();
}

std::filesystem::path DirectoryBlobStore::path_of(const BlobName& name) const {
  return options_.folder / name.text;
}

std::filesystem::path DirectoryBlobStore::blocks_folder(const BlobName& name) const {
  return options_.folder / private_folder / "blocks" /
         crypto::to_hex(crypto::sha256(as_bytes(name.text)));
}

std::filesystem::path DirectoryBlobStore::temporary_path() const {
  return options_.folder / private_folder / "tmp" / fmt::format("{:016x}", random_.next_u64());
}

}  // namespace earshot::blob
