#include "store/detail/block_queue.hpp"

#include <algorithm>

namespace earshot::store {

BlockQueue::~BlockQueue() {
  for (auto* block = first_; block != nullptr;) {
    auto* next = block->next.load(std::memory_order_acquire);
    delete block;
    block = next;
  }
}

void BlockQueue::push(ByteView bytes) {
  while (!bytes.empty()) {
    const auto filled = last_->filled.load(std::memory_order_relaxed);
    if (filled == block_bytes) {
      auto* block = new Block;
      // From here the consumer may free the old last block: it is not touched again.
      auto* old = last_;
      last_ = block;
      old->next.store(block, std::memory_order_release);
      continue;
    }
    const auto count = std::min(bytes.size(), block_bytes - filled);
    std::copy_n(bytes.begin(), count, last_->bytes.begin() + static_cast<std::ptrdiff_t>(filled));
    last_->filled.store(filled + count, std::memory_order_release);
    bytes = bytes.subspan(count);
  }
}

ByteView BlockQueue::front() {
  if (read_ == block_bytes) {
    auto* next = first_->next.load(std::memory_order_acquire);
    if (next == nullptr) return {};
    delete first_;
    first_ = next;
    read_ = 0;
  }
  const auto filled = first_->filled.load(std::memory_order_acquire);
  return ByteView(first_->bytes).subspan(read_, filled - read_);
}

}  // namespace earshot::store
