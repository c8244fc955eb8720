#include "bridge/resampler.hpp"

#include <soxr.h>
#include <stdexcept>

namespace earshot::bridge {

struct Resampler::State {
  soxr_t soxr = nullptr;
  double ratio = 1;
  ~State() { soxr_delete(soxr); }
  void run(const std::int16_t* in, std::size_t samples, std::vector<std::int16_t>& out) {
    // soxr may hold back or give more than the ratio says by its filter's length.
    const auto room = static_cast<std::size_t>(static_cast<double>(samples) * ratio) + 1024;
    const std::size_t before = out.size();
    out.resize(before + room);
    std::size_t used = 0;
    std::size_t made = 0;
    const soxr_error_t error =
        soxr_process(soxr, in, samples, &used, out.data() + before, room, &made);
    out.resize(before + made);
    if (error != nullptr) throw std::runtime_error(error);
  }
};

Resampler::Resampler(std::uint32_t from_hz, std::uint32_t to_hz)
    : state_(std::make_unique<State>()) {
  const soxr_io_spec_t io = soxr_io_spec(SOXR_INT16_I, SOXR_INT16_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_MQ, 0);
  soxr_error_t error = nullptr;
  state_->soxr = soxr_create(from_hz, to_hz, 1, &error, &io, &quality, nullptr);
  state_->ratio = static_cast<double>(to_hz) / from_hz;
  if (error != nullptr) throw std::runtime_error(error);
}

Resampler::~Resampler() = default;

void Resampler::process(std::span<const std::int16_t> in, std::vector<std::int16_t>& out) {
  if (!in.empty()) state_->run(in.data(), in.size(), out);
}

void Resampler::flush(std::vector<std::int16_t>& out) {
  for (std::size_t before = out.size() + 1; before != out.size();) {
    before = out.size();
    state_->run(nullptr, 0, out);
  }
  soxr_clear(state_->soxr);
}

}  // namespace earshot::bridge
