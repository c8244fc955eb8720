#include "store/detail/readers.hpp"

#include <utility>

namespace earshot::store {

Readers::Readers(ConnectionTarget target, std::size_t connections_max)
    : target_(std::move(target)), connections_max_(connections_max) {}

// Null: none is idle, the taker makes one.
std::unique_ptr<Connection> Readers::take() {
  std::unique_lock lock(mutex_);
  const auto free = [&] { return in_use_ < connections_max_; };
  if (!freed_.wait_for(lock, target_.statement_timeout, free))
    throw DatabaseError({.kind = ErrorKind::unavailable,
                         .message = "all connections to the database are in use, and stay so"},
                        false);
  ++in_use_;
  if (idle_.empty()) return nullptr;
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  --in_use_;
  if (connection) idle_.push_back(std::move(connection));
  freed_.notify_one();
}

void Readers::read(const std::function<void(Connection&)>& work) {
  auto connection = take();  // throws before anything is to be given back
  const bool was_idle = connection != nullptr;
  try {
    if (!connection) connection = std::make_unique<Connection>(target_, false);
    try {
      work(*connection);
    } catch (const DatabaseError& error) {
      if (!error.connection_lost()) throw;
      connection.reset();
      // Only one that may have gone stale while idle deserves a second try.
      if (!was_idle || error.took_too_long()) throw;
      connection = std::make_unique<Connection>(target_, false);
      work(*connection);
    }
  } catch (const DatabaseError& error) {
    if (error.connection_lost()) connection.reset();
    give_back(std::move(connection));
    throw;
  } catch (...) {
    give_back(nullptr);
    throw;
  }
  give_back(std::move(connection));
}

}  // namespace earshot::store
