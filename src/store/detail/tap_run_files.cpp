#include "store/detail/tap_run_files.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace earshot::store {

std::string tap_file_name(std::uint32_t run, SpoolKind kind) {
  return fmt::format("{}.{}", run, kind == SpoolKind::tap ? "tap" : "ledger");
}
std::string finished_file_name(std::uint32_t run) { return fmt::format("{}.finished", run); }
std::string removed_file_name(std::uint32_t run) { return fmt::format("{}.removed", run); }

TapRunFiles::TapRunFiles(std::shared_ptr<TapBounds> bounds, std::filesystem::path directory,
                         std::uint32_t run)
    : bounds_(std::move(bounds)),
      directory_(std::move(directory)),
      run_(run),
      number_(bounds_->runs_started.fetch_add(1, std::memory_order_relaxed)) {}

bool TapRunFiles::append(SpoolKind kind, ByteView bytes) {
  if (bounds_->closed.load(std::memory_order_acquire)) return false;
  const auto size = bytes.size();
  const bool fits =
      !finish_wanted_.load(std::memory_order_relaxed) &&
      waiting_.load(std::memory_order_relaxed) + size <= bounds_->run_bytes_waiting_max &&
      bounds_->waiting.load(std::memory_order_relaxed) + size <= bounds_->all_bytes_waiting_max;
  if (!fits) {
    bounds_->dropped.add(static_cast<double>(size));
    return false;
  }
  auto& stream = streams_[static_cast<std::size_t>(kind)];
  if (!bounds_->share.takes(kind, size, bounds_->waiting.load(std::memory_order_relaxed),
                            !stream.begun)) {
    bounds_->refused.add(static_cast<double>(size));
    return false;
  }
  stream.begun = true;
  waiting_.fetch_add(size, std::memory_order_relaxed);
  bounds_->waiting.fetch_add(size, std::memory_order_relaxed);
  stream.queue.push(bytes);
  return true;
}

Result<void> TapRunFiles::open_files() {
  if (opened_) return ok();
  auto made = make_directories(directory_);
  if (!made) return made;
  for (const auto kind : {SpoolKind::tap, SpoolKind::ledger}) {
    auto& file = streams_[static_cast<std::size_t>(kind)].file;
    if (file.is_open()) continue;
    auto opened = File::open(directory_ / tap_file_name(run_, kind), File::Mode::write);
    if (!opened) return Failure(opened.error());
    file = std::move(*opened);
  }
  opened_ = needs_sync_ = names_are_new_ = true;
  return ok();
}

Result<void> TapRunFiles::write() {
  const bool end_wanted = finish_wanted_.load(std::memory_order_acquire);
  auto opened = open_files();
  if (!opened) return opened;
  for (auto& stream : streams_)
    if (auto written = write_stream(stream); !written) return written;
  end_seen_ = end_wanted;
  return ok();
}

Result<void> TapRunFiles::write_stream(Stream& stream) {
  std::array<ByteView, File::pieces_max> room;
  for (auto count = stream.queue.peek(room); count > 0; count = stream.queue.peek(room)) {
    const auto pieces = std::span<const ByteView>(room).first(count);
    std::size_t waiting = 0;
    for (const ByteView piece : pieces) waiting += piece.size();
    const auto at = stream.written.load(std::memory_order_relaxed);
    const auto done = stream.file.write_some(at, pieces);
    const int error = errno;
    if (done > 0) {
      needs_sync_ = true;
      stream.queue.consume(done);
      stream.written.store(at + done, std::memory_order_release);
      bounds_->share.add(done);
      waiting_.fetch_sub(done, std::memory_order_relaxed);
      bounds_->waiting.fetch_sub(done, std::memory_order_relaxed);
    }
    // The rest waits: the next write goes on where this one ended, so no sample is torn.
    if (done < waiting) return fail(ErrorKind::unavailable, std::generic_category().message(error));
  }
  return ok();
}

Result<void> TapRunFiles::sync() {
  for (auto& stream : streams_)
    if (auto synced = stream.file.sync(); !synced) return synced;
  if (names_are_new_) {
    auto synced = sync_directory(directory_);
    if (synced) synced = sync_directory(directory_.parent_path());
    if (!synced) return synced;
  }
  needs_sync_ = names_are_new_ = false;
  return ok();
}

bool TapRunFiles::ready_to_close() const { return end_seen_ && !needs_sync_ && !finished(); }

Result<void> TapRunFiles::close_finished() {
  auto mark = File::open(directory_ / finished_file_name(run_), File::Mode::write);
  if (!mark) return Failure(mark.error());
  for (auto& stream : streams_) stream.file.close();
  finished_.store(true, std::memory_order_release);
  return ok();
}

}  // namespace earshot::store
