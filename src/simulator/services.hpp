#pragma once
// What the simulator's parts are given at construction; outlives them. One thread: everything runs
// on `executor`.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "net/network.hpp"

namespace earshot::simulator {

struct SimulatorServices {
  net::Network& network;
  Executor& executor;
  Clock& clock;
  Random& random;
  Log& log;
  Counters& counters;
  net::HttpClient& http;
};

}  // namespace earshot::simulator
