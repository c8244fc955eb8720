#include "recording/detail/fast_correlation.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>

namespace earshot::recording::detail {
namespace {

// Plain numbers: std::complex's product looks for infinities.
struct Complex {
  double re = 0;
  double im = 0;
};

Complex product(Complex a, Complex b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

std::vector<Complex> roots_of(std::size_t size) {
  std::vector<Complex> roots(size / 2);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const double angle = -2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(size);
    roots[i] = {std::cos(angle), std::sin(angle)};
  }
  return roots;
}

// In place; the size is a power of two.
void transform(std::vector<Complex>& values, const std::vector<Complex>& roots) {
  const std::size_t size = values.size();
  for (std::size_t i = 1, k = 0; i < size; ++i) {
    std::size_t bit = size / 2;
    for (; (k & bit) != 0; bit /= 2) k ^= bit;
    k ^= bit;
    if (i < k) std::swap(values[i], values[k]);
  }
  for (std::size_t half = 1; half < size; half *= 2)
    for (std::size_t from = 0; from < size; from += 2 * half)
      for (std::size_t i = 0; i < half; ++i) {
        const Complex odd = product(values[from + half + i], roots[i * (size / 2 / half)]);
        const Complex even = values[from + i];
        values[from + i] = {even.re + odd.re, even.im + odd.im};
        values[from + half + i] = {even.re - odd.re, even.im - odd.im};
      }
}

}  // namespace

std::vector<double> dot_products(std::span<const float> sound, std::span<const float> within) {
  if (sound.empty() || within.size() < sound.size()) return {};
  // Both in one transform: one as the real part, one as the imaginary.
  const std::size_t size = std::bit_ceil(sound.size() + within.size());
  std::vector<Complex> both(size);
  for (std::size_t i = 0; i < within.size(); ++i) both[i].re = double{within[i]};
  for (std::size_t i = 0; i < sound.size(); ++i) both[i].im = double{sound[i]};
  const auto roots = roots_of(size);
  transform(both, roots);
  std::vector<Complex> crossed(size);
  for (std::size_t i = 0; i < size; ++i) {
    const Complex a = both[i];
    const Complex b = both[(size - i) % size];
    const Complex w{(a.re + b.re) / 2, (a.im - b.im) / 2};
    const Complex s{(a.im + b.im) / 2, (b.re - a.re) / 2};
    // Conjugated, so that the same transform goes back.
    const Complex c = product(w, {s.re, -s.im});
    crossed[i] = {c.re, -c.im};
  }
  transform(crossed, roots);
  std::vector<double> out(within.size() - sound.size() + 1);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = crossed[i].re / static_cast<double>(size);
  return out;
}

}  // namespace earshot::recording::detail
