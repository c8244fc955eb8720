#pragma once
// The media socket of a call as the bridge sees it. Lives on one executor; every member is called
// there.

#include "base/executor.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/ids.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace earshot {

// 20 ms of the caller. `base64` is the text as it came, valid until the next call of next(); empty
// when ACS sent a silent frame without data (the bridge makes zeros of it).
struct CallerFrame {
  std::string_view base64;
  std::optional<WallTime> timestamp;  // ACS's; reveals gaps, is no sample clock
  bool silent = false;
};
struct CallerDtmf {
  std::string tone;  // never logged, never stored while the recording is paused
};
// A message that could not be read; counted by the adapter, told here so that the bridge may
// journal it.
struct CallerNonsense {
  std::string what;
};
using CallerMessage = std::variant<CallerFrame, CallerDtmf, CallerNonsense>;

class CallerAudio {
 public:
  virtual ~CallerAudio() = default;
  // 16000 or 24000 Hz, mono, from AudioMetadata.
  virtual AudioFormat format() const = 0;
  // PCM bytes of a frame (640 or 960).
  virtual std::size_t frame_bytes() const = 0;
  // nullopt: the socket has ended.
  virtual Task<std::optional<CallerMessage>> next() = 0;
  // Hands audio to the phone side, base64 of whole 16-bit samples at format(). Never waits. False:
  // the socket's queue is full or it has ended; the audio is dropped and counted.
  virtual bool send_audio(std::string_view base64) = 0;
  // Clears what ACS has queued. Leaves before audio that is queued here; queued audio is dropped.
  virtual bool send_stop_audio() = 0;
  virtual Task<void> close() = 0;
  virtual void abort() = 0;
  virtual std::string end_reason() const = 0;
};

// Where adapters bring a media socket that has opened, been authenticated and said its
// AudioMetadata. Implemented by `calls`. Called on the socket's executor; returns when the call no
// longer needs the socket.
class MediaArrivals {
 public:
  virtual ~MediaArrivals() = default;
  virtual Task<void> arrived(ContextId call, std::unique_ptr<CallerAudio> audio,
                             Executor& where) = 0;
};

}  // namespace earshot
