#pragma once
// Bytes from one thread to another without a lock: a chain of blocks. The producer fills the last
// and publishes how far; the consumer reads the first and frees it. Memory follows the backlog, so
// that a thousand quiet queues cost little.

#include "base/bytes.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

namespace earshot::store {

class BlockQueue {
 public:
  BlockQueue() : first_(new Block), last_(first_) {}
  ~BlockQueue();
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;

  // Producer only.
  void push(ByteView bytes);

  // Consumer only: the next bytes in one piece, empty when there are none. They stay until
  // consume().
  ByteView front();
  void consume(std::size_t count) { read_ += count; }

 private:
  static constexpr std::size_t block_bytes = 16 * 1024;
  struct Block {
    std::atomic<std::size_t> filled = 0;
    std::atomic<Block*> next = nullptr;
    std::array<std::uint8_t, block_bytes> bytes;
  };

  // Consumer's.
  Block* first_;
  std::size_t read_ = 0;
  // Producer's; on a cache line of its own.
  alignas(64) Block* last_;
};

}  // namespace earshot::store
