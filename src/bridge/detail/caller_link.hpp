#pragma once
// A media socket in the bridge's hands.

#include "base/executor.hpp"
#include "ports/caller_audio.hpp"

#include <functional>
#include <memory>

namespace earshot::bridge {

// Gives the socket back when the last user is gone: it dies on its own executor, then `done` runs.
class CallerLink {
 public:
  CallerLink(std::unique_ptr<CallerAudio> audio, Executor& where,
             std::move_only_function<void()> done)
      : audio_(std::move(audio)), where_(where), done_(std::move(done)) {}
  CallerLink(const CallerLink&) = delete;
  CallerLink& operator=(const CallerLink&) = delete;
  ~CallerLink() {
    where_.post([audio = std::move(audio_), done = std::move(done_)]() mutable {
      audio.reset();
      if (done) done();
    });
  }
  CallerAudio& audio() { return *audio_; }

 private:
  std::unique_ptr<CallerAudio> audio_;
  Executor& where_;
  std::move_only_function<void()> done_;
};

}  // namespace earshot::bridge
