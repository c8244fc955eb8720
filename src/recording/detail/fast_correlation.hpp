#pragma once
// Products of one sound with each stretch of another, by Fourier transform: for searches over
// seconds, where the plain sum would take too long. Pure.

#include <span>
#include <vector>

namespace earshot::recording::detail {

// Element k: the sum over i of sound[i] * within[k + i], for each k at which the sound lies wholly
// within. Empty when it never does.
std::vector<double> dot_products(std::span<const float> sound, std::span<const float> within);

}  // namespace earshot::recording::detail
