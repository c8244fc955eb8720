#include "simulator/wav_file.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <sndfile.h>

namespace earshot::simulator {
namespace {

constexpr sf_count_t seconds_max = 3600;

using SoundFile = std::unique_ptr<SNDFILE, int (*)(SNDFILE*)>;

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((value >> shift) & 0xff);
}
void append_u16(std::string& out, std::uint16_t value) {
  out += static_cast<char>(value & 0xff);
  out += static_cast<char>(value >> 8);
}

// libsndfile's virtual files: what it writes grows in memory.
struct MemoryFile {
  std::string bytes;
  sf_count_t at = 0;
};

sf_count_t length_of(void* user) {
  return static_cast<sf_count_t>(static_cast<MemoryFile*>(user)->bytes.size());
}
sf_count_t seek_to(sf_count_t offset, int whence, void* user) {
  auto& file = *static_cast<MemoryFile*>(user);
  if (whence == SEEK_CUR) offset += file.at;
  if (whence == SEEK_END) offset += length_of(user);
  return file.at = offset;
}
sf_count_t read_from(void* to, sf_count_t count, void* user) {
  auto& file = *static_cast<MemoryFile*>(user);
  count = std::clamp<sf_count_t>(length_of(user) - file.at, 0, count);
  std::memcpy(to, file.bytes.data() + file.at, static_cast<std::size_t>(count));
  file.at += count;
  return count;
}
sf_count_t write_to(const void* from, sf_count_t count, void* user) {
  auto& file = *static_cast<MemoryFile*>(user);
  const auto end = static_cast<std::size_t>(file.at + count);
  if (file.bytes.size() < end) file.bytes.resize(end);
  std::memcpy(file.bytes.data() + file.at, from, static_cast<std::size_t>(count));
  file.at += count;
  return count;
}
sf_count_t tell(void* user) { return static_cast<MemoryFile*>(user)->at; }

}  // namespace

Result<Sound> read_sound_file(const std::string& path) {
  if (!std::filesystem::exists(path))
    return fail(ErrorKind::not_found, fmt::format("sound file {}: it is not there", path));
  SF_INFO info{};
  SoundFile file(sf_open(path.c_str(), SFM_READ, &info), sf_close);
  if (!file)
    return fail(ErrorKind::invalid, fmt::format("sound file {}: {}", path, sf_strerror(nullptr)));
  if (info.channels < 1 || info.samplerate < 1 || info.frames > seconds_max * info.samplerate)
    return fail(ErrorKind::invalid,
                fmt::format("sound file {}: no channels, or longer than an hour", path));
  Sound sound{.rate_hz = static_cast<std::uint32_t>(info.samplerate)};
  const auto channels = static_cast<std::size_t>(info.channels);
  std::vector<std::int16_t> block(4096 * channels);
  while (true) {
    const auto frames = static_cast<std::size_t>(sf_readf_short(file.get(), block.data(), 4096));
    if (frames == 0) return sound;
    for (std::size_t frame = 0; frame < frames; ++frame) {
      int sum = 0;
      for (std::size_t channel = 0; channel < channels; ++channel)
        sum += block[frame * channels + channel];
      sound.samples.push_back(static_cast<std::int16_t>(sum / info.channels));
    }
  }
}

std::string make_wav(std::span<const std::int16_t> interleaved, std::uint32_t rate_hz,
                     std::uint16_t channels) {
  const auto data_bytes = static_cast<std::uint32_t>(interleaved.size() * 2);
  std::string out;
  out.reserve(44 + data_bytes);
  out += "RIFF";
  append_u32(out, 36 + data_bytes);
  out += "WAVEfmt ";
  append_u32(out, 16);
  append_u16(out, 1);  // PCM
  append_u16(out, channels);
  append_u32(out, rate_hz);
  append_u32(out, rate_hz * channels * 2);
  append_u16(out, static_cast<std::uint16_t>(channels * 2));
  append_u16(out, 16);
  out += "data";
  append_u32(out, data_bytes);
  for (const auto sample : interleaved) append_u16(out, static_cast<std::uint16_t>(sample));
  return out;
}

Result<std::string> make_mp3(std::span<const std::int16_t> samples, std::uint32_t rate_hz) {
  SF_INFO info{};
  info.samplerate = static_cast<int>(rate_hz);
  info.channels = 1;
  info.format = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III;
  SF_VIRTUAL_IO io{length_of, seek_to, read_from, write_to, tell};
  MemoryFile memory;
  SoundFile file(sf_open_virtual(&io, SFM_WRITE, &info, &memory), sf_close);
  if (!file)
    return fail(ErrorKind::unavailable,
                fmt::format("write MP3: libsndfile: {}", sf_strerror(nullptr)));
  sf_writef_short(file.get(), samples.data(), static_cast<sf_count_t>(samples.size()));
  file.reset();
  return std::move(memory.bytes);
}

}  // namespace earshot::simulator
