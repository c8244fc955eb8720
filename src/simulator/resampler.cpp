#include "simulator/resampler.hpp"

#include <soxr.h>
#include <stdexcept>

namespace earshot::simulator {

struct Resampler::State {
  soxr_t soxr = nullptr;  // null: equal rates
  double ratio = 1;
  ~State() {
    if (soxr != nullptr) soxr_delete(soxr);
  }
};

Resampler::Resampler(std::uint32_t from_hz, std::uint32_t to_hz)
    : state_(std::make_unique<State>()) {
  if (from_hz == to_hz) return;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_INT16_I, SOXR_INT16_I);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  soxr_error_t error = nullptr;
  state_->soxr = soxr_create(from_hz, to_hz, 1, &error, &io, &quality, nullptr);
  if (error != nullptr) throw std::runtime_error(error);
  state_->ratio = static_cast<double>(to_hz) / from_hz;
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;

void Resampler::push(std::span<const std::int16_t> samples, std::vector<std::int16_t>& out) {
  if (state_->soxr == nullptr) {
    out.insert(out.end(), samples.begin(), samples.end());
    return;
  }
  while (!samples.empty()) {
    const std::size_t had = out.size();
    // Besides what this input makes, the filter may let go of what it held.
    const auto room =
        static_cast<std::size_t>(static_cast<double>(samples.size()) * state_->ratio) + 4096;
    out.resize(had + room);
    std::size_t taken = 0;
    std::size_t made = 0;
    soxr_process(state_->soxr, samples.data(), samples.size(), &taken, out.data() + had, room,
                 &made);
    out.resize(had + made);
    samples = samples.subspan(taken);
  }
}

void Resampler::finish(std::vector<std::int16_t>& out) {
  if (state_->soxr == nullptr) return;
  for (std::size_t made = 1; made > 0;) {
    const std::size_t had = out.size();
    out.resize(had + 4096);
    soxr_process(state_->soxr, nullptr, 0, nullptr, out.data() + had, 4096, &made);
    out.resize(had + made);
  }
}

std::vector<std::int16_t> resample_all(std::span<const std::int16_t> samples, std::uint32_t from_hz,
                                       std::uint32_t to_hz) {
  Resampler resampler(from_hz, to_hz);
  std::vector<std::int16_t> out;
  resampler.push(samples, out);
  resampler.finish(out);
  return out;
}

}  // namespace earshot::simulator
