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
  if (bytes.empty()) return;
  auto* block = new Block;
  block->size = bytes.size();
  block->bytes = std::make_unique_for_overwrite<std::uint8_t[]>(bytes.size());
  std::ranges::copy(bytes, block->bytes.get());
  // From the store on the consumer may free the old last block: it is not touched again.
  auto* old = last_;
  last_ = block;
  old->next.store(block, std::memory_order_release);
}

std::size_t BlockQueue::peek(std::span<ByteView> pieces) const {
  std::size_t count = 0;
  std::size_t read = read_;
  for (const auto* block = first_->next.load(std::memory_order_acquire);
       block != nullptr && count < pieces.size();
       block = block->next.load(std::memory_order_acquire)) {
    pieces[count++] = ByteView(block->bytes.get(), block->size).subspan(read);
    read = 0;
  }
  return count;
}

void BlockQueue::consume(std::size_t count) {
  while (count > 0) {
    auto* block = first_->next.load(std::memory_order_acquire);
    const std::size_t rest = block->size - read_;
    if (count < rest) {
      read_ += count;
      return;
    }
    count -= rest;
    read_ = 0;
    delete first_;
    first_ = block;
    block->bytes.reset();
  }
}

}  // namespace earshot::store
