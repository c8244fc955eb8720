#pragma once
// A small pool of connections for reading, made when first needed. Thread-safe; blocks.

#include "store/detail/connection.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace earshot::store {

class Readers {
 public:
  Readers(ConnectionTarget target, std::size_t connections_max);
  // Runs `work` with a connection that nobody else has. A connection that turns out to be lost is
  // replaced and `work` run once more; after that its DatabaseError comes through.
  void read(const std::function<void(Connection&)>& work);

 private:
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  ConnectionTarget target_;
  std::size_t connections_max_;
  std::mutex mutex_;
  // Protected by mutex_.
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace earshot::store
