#pragma once
// Bounds that every blob store of this folder keeps.

#include <cstddef>
#include <cstdint>

namespace earshot::blob {

// One read. A larger one is `invalid`: whoever wants more reads in pieces.
inline constexpr std::uint64_t read_bytes_max = 64ull << 20;
// One put or block. Azure would take more; nothing of ours is larger.
inline constexpr std::uint64_t write_bytes_max = 256ull << 20;
// Blocks of one blob (Azure's own limit).
inline constexpr std::uint32_t blocks_max = 50'000;
// Names on one page (Azure's own limit).
inline constexpr int page_size_max = 5'000;
inline constexpr std::size_t name_bytes_max = 1'024;
// Index tags of one blob (Azure's own limits).
inline constexpr std::size_t tags_max = 10;
inline constexpr std::size_t tag_key_bytes_max = 128;
inline constexpr std::size_t tag_value_bytes_max = 256;

}  // namespace earshot::blob
