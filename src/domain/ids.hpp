#pragma once
// Identifiers as types of their own, so that a recording id is never passed for a call id. Opaque
// text, compared whole.

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace earshot {

template <class Tag>
struct Id {
  std::string text;
  bool empty() const { return text.empty(); }
  auto operator<=>(const Id&) const = default;
  bool operator==(const Id&) const = default;
};

using ContextId = Id<struct ContextTag>;                // ours, a UUID: one phone call
using CallConnectionId = Id<struct CallConnectionTag>;  // ACS: our leg of the call
using ServerCallId = Id<struct ServerCallTag>;          // ACS: the call, base64; input to recording
using CorrelationId = Id<struct CorrelationTag>;        // ACS: what Microsoft support asks for
using RecordingId = Id<struct RecordingTag>;            // ACS: base64url JSON, unpadded
using BlobName = Id<struct BlobTag>;  // a name in a container, "/" between segments
using JobId = Id<struct JobTag>;      // ours, a UUID

struct ChunkIndex {
  std::uint32_t value = 0;  // from 0
  auto operator<=>(const ChunkIndex&) const = default;
};

}  // namespace earshot

template <class Tag>
struct std::hash<earshot::Id<Tag>> {
  std::size_t operator()(const earshot::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.text);
  }
};
