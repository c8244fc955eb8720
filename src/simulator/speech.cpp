#include "simulator/speech.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/format.h>
#include <map>
#include <numbers>
#include <sndfile.h>
#include <soxr.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace earshot::simulator {
namespace {

// A phrase of a minute is long enough for a stand-in; more is a slip in a script.
constexpr std::size_t text_bytes_max = 4'000;
constexpr std::size_t cache_entries_max = 200;

struct Synthesised {
  Pcm samples;
  std::uint32_t rate_hz = 0;
};

Result<Synthesised> read_wav(const std::string& path) {
  SF_INFO info{};
  SNDFILE* file = sf_open(path.c_str(), SFM_READ, &info);
  if (file == nullptr) return fail(ErrorKind::unavailable, "espeak-ng wrote no readable WAV");
  Synthesised result;
  result.rate_hz = static_cast<std::uint32_t>(info.samplerate);
  result.samples.resize(static_cast<std::size_t>(info.frames * info.channels));
  sf_readf_short(file, result.samples.data(), info.frames);
  sf_close(file);
  return result;
}

// Runs espeak-ng with the text as an argument of its own (no shell), into a temporary file.
Result<Synthesised> run_espeak(const SpeechRequest& request) {
  std::string path = "/tmp/earshot-speech-XXXXXX";
  const int fd = mkstemp(path.data());
  if (fd < 0) return fail(ErrorKind::unavailable, "cannot make a temporary file in /tmp");
  close(fd);
  const std::string speed = std::to_string(request.words_per_minute);
  std::array<const char*, 9> arguments{"espeak-ng",  "-v",          request.voice.c_str(),
                                       "-s",         speed.c_str(), "-w",
                                       path.c_str(), "--",          nullptr};
  std::vector<char*> argv;
  for (const char* argument : arguments)
    if (argument != nullptr) argv.push_back(const_cast<char*>(argument));
  argv.push_back(const_cast<char*>(request.text.c_str()));
  argv.push_back(nullptr);
  pid_t pid = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const int spawned = posix_spawnp(&pid, "espeak-ng", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (spawned == 0) waitpid(pid, &status, 0);
  Result<Synthesised> result =
      spawned != 0 || status != 0
          ? Result<Synthesised>(
                fail(ErrorKind::unavailable,
                     "espeak-ng could not be run: install it with apt-get install espeak-ng"))
          : read_wav(path);
  unlink(path.c_str());
  return result;
}

class Espeak : public Speech {
 public:
  explicit Espeak(Offload& offload) : offload_(offload) {}

  Task<Result<Pcm>> speak(SpeechRequest request) override {
    if (request.text.size() > text_bytes_max)
      co_return fail(ErrorKind::invalid,
                     fmt::format("a phrase is longer than {} bytes", text_bytes_max));
    const std::string key = fmt::format("{}|{}|{}|{}", request.voice, request.words_per_minute,
                                        request.sample_rate_hz, request.text);
    if (const auto known = cache_.find(key); known != cache_.end()) co_return known->second;
    Result<Pcm> spoken = fail(ErrorKind::unavailable, "not spoken");
    auto work = [&request, &spoken] {
      auto synthesised = run_espeak(request);
      if (!synthesised) {
        spoken = Failure(synthesised.error());
        return;
      }
      spoken = resample(synthesised->samples, synthesised->rate_hz, request.sample_rate_hz);
    };
    co_await offload_.run(std::move(work));
    if (spoken && cache_.size() < cache_entries_max) cache_.emplace(key, *spoken);
    co_return spoken;
  }

 private:
  Offload& offload_;
  std::map<std::string, Pcm> cache_;
};

class Hum : public Speech {
 public:
  Task<Result<Pcm>> speak(SpeechRequest request) override {
    std::uint32_t pitch_seed = 0;
    for (const char letter : request.text)
      pitch_seed = pitch_seed * 31 + static_cast<unsigned char>(letter);
    const double pitch_hz = 300.0 + static_cast<double>(pitch_seed % 17) * 25.0;
    // 60 ms a letter is about the pace of speech.
    const std::size_t samples = request.text.size() * request.sample_rate_hz * 60 / 1000;
    Pcm hum(samples);
    for (std::size_t i = 0; i < samples; ++i) {
      const double phase =
          2 * std::numbers::pi * pitch_hz * static_cast<double>(i) / request.sample_rate_hz;
      hum[i] = static_cast<std::int16_t>(9'000 * std::sin(phase));
    }
    co_return hum;
  }
};

}  // namespace

std::unique_ptr<Speech> make_espeak(Offload& offload) { return std::make_unique<Espeak>(offload); }
std::unique_ptr<Speech> make_hum() { return std::make_unique<Hum>(); }

Pcm resample(const Pcm& samples, std::uint32_t from_hz, std::uint32_t to_hz) {
  if (from_hz == to_hz || samples.empty()) return samples;
  Pcm output(samples.size() * to_hz / from_hz + 64);
  std::size_t used = 0;
  std::size_t made = 0;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_INT16_I, SOXR_INT16_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  soxr_oneshot(from_hz, to_hz, 1, samples.data(), samples.size(), &used, output.data(),
               output.size(), &made, &io, &quality, nullptr);
  output.resize(made);
  return output;
}

}  // namespace earshot::simulator
