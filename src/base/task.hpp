#pragma once
// Task<T>: our name for a coroutine that runs on an executor and gives a T. The one header of
// `base` that reaches Boost; `domain` never includes it. Parameters of coroutines are values;
// services are members held by reference.

#include "base/result.hpp"

#include <boost/asio/awaitable.hpp>

namespace earshot {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace earshot
