#pragma once
// Rows with every field filled, and text of each, so that a field that is dropped or swapped shows.

#include "ports/call_store.hpp"

#include <string>

namespace earshot::contract {

WallTime at_second(int second);  // of 2026-03-02T09:15:00Z
Call sample_call(const std::string& id);
Recording sample_recording(const std::string& id, const std::string& call);
Chunk sample_chunk(const std::string& recording, std::uint32_t index);
Turn sample_turn(const std::string& call, const std::string& item);
Verdict sample_verdict(const std::string& call, int number);
InboundEvent sample_event(const std::string& id, const std::string& call);
InboundEvent sample_incoming_call(const std::string& id);

// Every field, in the order of the struct.
std::string describe(const Call& call);
std::string describe(const Recording& recording);
std::string describe(const Chunk& chunk);
std::string describe(const Turn& turn);
std::string describe(const InboundEvent& event);  // without raw

}  // namespace earshot::contract
