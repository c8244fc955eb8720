// links: simulator
// Whatever an application sends the simulator, it is read or refused, and a refusal says why.
#include "simulator/faults.hpp"
#include "simulator/media_messages.hpp"
#include "simulator/rest_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace earshot;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void check(const Result<T>& read) {
  if (!read) require(read.error().status == 400 && !read.error().code.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto message = simulator::decode_inbound(text);
  require((message.kind == simulator::InboundKind::bad) == !message.problem.empty());
  check(simulator::read_answer(text));
  check(simulator::read_create_call(text));
  check(simulator::read_operation(text));
  check(simulator::read_redirect(text));
  check(simulator::read_reject(text));
  const auto recording = simulator::read_start_recording(text);
  check(recording);
  if (recording)
    for (const auto& [raw_id, channel] : recording->channels) require(channel >= 0);
  if (const auto rule = simulator::parse_fault(text)) require(!rule->point.empty());
  return 0;
}
