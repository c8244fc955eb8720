#pragma once
// The service's own storage of recordings: every chunk is kept for 24 hours, to be fetched from the
// locations that RecordingFileStatusUpdated names. In memory, bounded; when it is full the oldest
// chunk goes, counted.

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace earshot::simulator {

class ServiceStorage {
 public:
  ServiceStorage(Clock& clock, Duration kept_for, std::size_t bytes_max);
  void put(std::string document_id, std::string content, std::string metadata);
  struct Stored {
    std::string content;
    std::string metadata;
    WallTime expires{};
  };
  // nullptr: not there, deleted, expired.
  const Stored* find(const std::string& document_id);
  bool erase(const std::string& document_id);
  std::uint64_t pushed_out() const { return pushed_out_; }

 private:
  Clock& clock_;
  Duration kept_for_;
  std::size_t bytes_max_;
  std::map<std::string, Stored> stored_;
  std::deque<std::string> order_;
  std::size_t bytes_ = 0;
  std::uint64_t pushed_out_ = 0;
};

}  // namespace earshot::simulator
