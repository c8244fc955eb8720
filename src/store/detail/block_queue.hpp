#pragma once
// Bytes from one thread to another without a lock: a chain of blocks, each made for one push and
// freed once it is consumed. Memory is what waits and nothing else, so that a thousand quiet queues
// cost next to nothing; blocks of a fixed size held more for a call than its audio did.

#include "base/bytes.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace earshot::store {

class BlockQueue {
 public:
  BlockQueue() : first_(new Block), last_(first_) {}
  ~BlockQueue();
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;

  // Producer only.
  void push(ByteView bytes);

  // Consumer only: what waits, oldest first, in as many pieces as there is room for; gives their
  // number, 0 when nothing waits. They stay until consume().
  std::size_t peek(std::span<ByteView> pieces) const;
  void consume(std::size_t count);

 private:
  struct Block {
    std::atomic<Block*> next = nullptr;
    std::size_t size = 0;
    std::unique_ptr<std::uint8_t[]> bytes;
  };

  // Consumer's. The first block is always spent: it is the producer's last, or was.
  Block* first_;
  std::size_t read_ = 0;  // of the block after it
  // Producer's; on a cache line of its own.
  alignas(64) Block* last_;
};

}  // namespace earshot::store
