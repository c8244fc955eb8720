#include "blob/detail/folder_walk.hpp"

#include "blob/detail/checks.hpp"
#include "blob/detail/files.hpp"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace earshot::blob::detail {
namespace {

struct Entry {
  std::string key;  // the name; of a folder with "/" behind it, which puts it in its place
  bool is_folder = false;
  struct stat status{};
};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

// What one folder holds, in the order of the names below it. Folders that vanish while they are
// read are empty.
Result<std::vector<Entry>> read_folder(const std::filesystem::path& path) {
  std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
  if (directory == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return std::vector<Entry>{};
    return file_failure("list", path, errno);
  }
  std::vector<Entry> entries;
  // A stream of our own; only a shared one is not safe.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  while (const dirent* read = ::readdir(directory.get())) {
    Entry entry{.key = read->d_name};
    if (entry.key.starts_with('.')) continue;
    if (::fstatat(::dirfd(directory.get()), read->d_name, &entry.status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    entry.is_folder = S_ISDIR(entry.status.st_mode);
    if (entry.is_folder)
      entry.key += '/';
    else if (!S_ISREG(entry.status.st_mode))
      continue;
    entries.push_back(std::move(entry));
  }
  std::ranges::sort(entries, {}, &Entry::key);
  return entries;
}

class Walk {
 public:
  Walk(const std::filesystem::path& root, const BlobListRequest& request)
      : root_(root), request_(request), wanted_(static_cast<std::size_t>(page_size(request))) {}

  Result<BlobPage> run() {
    if (auto walked = visit(""); !walked) return Failure(walked.error());
    return std::move(page_);
  }

 private:
  // Can a name that begins with `start` be wanted at all?
  bool may_hold_wanted(const std::string& start) const {
    const bool within_prefix =
        start.starts_with(request_.prefix) || request_.prefix.starts_with(start);
    const bool after_marker =
        request_.marker.empty() || start > request_.marker || request_.marker.starts_with(start);
    return within_prefix && after_marker;
  }

  // `folder` is "" or ends with "/". False: the page is full.
  Result<bool> visit(const std::string& folder) {
    auto entries = read_folder(root_ / folder);
    if (!entries) return Failure(entries.error());
    for (const auto& entry : *entries) {
      const auto name = folder + entry.key;
      if (!may_hold_wanted(name)) continue;
      auto more = entry.is_folder ? visit_folder(name) : add_blob(name, entry.status);
      if (!more || !*more) return more;
    }
    return true;
  }

  Result<bool> visit_folder(const std::string& name) {
    const bool grouped = request_.by_folder && name.size() > request_.prefix.size() &&
                         name.starts_with(request_.prefix);
    if (!grouped) return visit(name);
    if (!request_.marker.empty() && name <= request_.marker) return true;
    auto inhabited = holds_a_blob(name);
    if (!inhabited) return inhabited;
    if (!*inhabited) return true;
    if (full()) return close_page();
    page_.prefixes.push_back(name);
    last_ = name;
    return true;
  }

  Result<bool> add_blob(const std::string& name, const struct stat& status) {
    if (!name.starts_with(request_.prefix)) return true;
    if (!request_.marker.empty() && name <= request_.marker) return true;
    if (full()) return close_page();
    const auto facts = facts_of(status);
    page_.blobs.push_back({.name = {name},
                           .bytes = facts.bytes,
                           .etag = facts.etag,
                           .modified_at = facts.modified_at,
                           .content_type = content_type_of(name)});
    last_ = name;
    return true;
  }

  Result<bool> holds_a_blob(const std::string& folder) const {
    auto entries = read_folder(root_ / folder);
    if (!entries) return Failure(entries.error());
    for (const auto& entry : *entries) {
      if (!entry.is_folder) return true;
      auto inner = holds_a_blob(folder + entry.key);
      if (!inner || *inner) return inner;
    }
    return false;
  }

  bool full() const { return page_.blobs.size() + page_.prefixes.size() == wanted_; }
  Result<bool> close_page() {
    page_.next_marker = last_;
    return false;
  }

  const std::filesystem::path& root_;
  const BlobListRequest& request_;
  const std::size_t wanted_;
  BlobPage page_;
  std::string last_;
};

}  // namespace

Result<BlobPage> list_folder(const std::filesystem::path& root, const BlobListRequest& request) {
  return Walk(root, request).run();
}

}  // namespace earshot::blob::detail
