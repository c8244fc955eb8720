#include "store/memory_tap_spool.hpp"

#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

namespace earshot::store {

struct MemoryTapSpool::State {
  struct Run {
    std::array<Bytes, 2> bytes;
    bool finished = false;
  };
  using Key = std::pair<ContextId, std::uint32_t>;

  explicit State(std::size_t run_bytes_max_in) : run_bytes_max(run_bytes_max_in) {}

  static SpooledRun describe(const Key& key, const Run& run) {
    return {.call = key.first,
            .run = key.second,
            .finished = run.finished,
            .open = !run.finished,
            .tap_bytes = run.bytes[0].size(),
            .ledger_bytes = run.bytes[1].size()};
  }

  std::size_t run_bytes_max;
  std::mutex mutex;
  std::map<Key, Run> runs;
  std::map<ContextId, std::uint32_t> next;

  class Handle : public TapRun {
   public:
    Handle(std::shared_ptr<State> state, Key key)
        : state_(std::move(state)), key_(std::move(key)) {}
    ~Handle() override { finish(); }
    bool append(SpoolKind kind, ByteView bytes) override {
      std::lock_guard lock(state_->mutex);
      const auto found = state_->runs.find(key_);
      if (found == state_->runs.end() || found->second.finished) return false;
      auto& all = found->second.bytes;
      if (all[0].size() + all[1].size() + bytes.size() > state_->run_bytes_max) return false;
      auto& mine = all[static_cast<std::size_t>(kind)];
      mine.insert(mine.end(), bytes.begin(), bytes.end());
      return true;
    }
    void finish() override {
      std::lock_guard lock(state_->mutex);
      if (const auto found = state_->runs.find(key_); found != state_->runs.end())
        found->second.finished = true;
    }

   private:
    std::shared_ptr<State> state_;
    Key key_;
  };
};

MemoryTapSpool::MemoryTapSpool(std::size_t run_bytes_max)
    : state_(std::make_shared<State>(run_bytes_max)) {}
MemoryTapSpool::~MemoryTapSpool() = default;

std::unique_ptr<TapRun> MemoryTapSpool::start_run(ContextId call) {
  std::lock_guard lock(state_->mutex);
  State::Key key{call, 0};
  if (is_uuid(call.text)) {
    key.second = state_->next[call]++;
    state_->runs[key];
  }
  // Of a call that is no UUID there is no run: every append is refused.
  return std::make_unique<State::Handle>(state_, std::move(key));
}

Task<Result<std::vector<SpooledRun>>> MemoryTapSpool::runs(ContextId call) {
  std::lock_guard lock(state_->mutex);
  std::vector<SpooledRun> found;
  for (const auto& [key, run] : state_->runs)
    if (key.first == call) found.push_back(State::describe(key, run));
  co_return found;
}

Task<Result<std::vector<SpooledRun>>> MemoryTapSpool::all_runs() {
  std::lock_guard lock(state_->mutex);
  std::vector<SpooledRun> found;
  for (const auto& [key, run] : state_->runs) found.push_back(State::describe(key, run));
  co_return found;
}

Task<Result<Bytes>> MemoryTapSpool::read(ContextId call, std::uint32_t run, SpoolKind kind,
                                         std::uint64_t offset, std::uint64_t length) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->runs.find({call, run});
  if (found == state_->runs.end()) co_return fail(ErrorKind::not_found, "there is no such tap run");
  const auto& bytes = found->second.bytes[static_cast<std::size_t>(kind)];
  const auto from = std::min<std::uint64_t>(offset, bytes.size());
  const auto count = std::min<std::uint64_t>(length, bytes.size() - from);
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
  co_return Bytes(begin, begin + static_cast<std::ptrdiff_t>(count));
}

Task<Result<void>> MemoryTapSpool::remove(ContextId call, std::uint32_t run) {
  std::lock_guard lock(state_->mutex);
  const auto found = state_->runs.find({call, run});
  if (found == state_->runs.end()) co_return ok();
  if (!found->second.finished) co_return fail(ErrorKind::conflict, "the tap run is still open");
  state_->runs.erase(found);
  co_return ok();
}

Task<void> MemoryTapSpool::flush() { co_return; }

}  // namespace earshot::store
