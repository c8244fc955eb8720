#pragma once
// What text may go into a column. PostgreSQL takes neither NUL nor broken UTF-8, and no index takes
// a key of a megabyte; both stores (and the memory store, so that tests see the same) hold to this:
// - free text (reasons, names, transcripts, journal) is mended: each bad byte becomes U+FFFD;
// - an identifier that a row is found by is never altered: one with a bad byte, or longer than its
//   bound, makes a commit `invalid`, and a search for it finds nothing;
// - an inbound event is always storable: it is kept in its own encoding (event_fields.hpp).

#include "base/result.hpp"
#include "ports/call_store.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace earshot::store {

// A UUID with room to spare; the other ids are ACS's, a few hundred bytes. Together below the 2,700
// bytes that an index row of PostgreSQL can hold.
constexpr std::size_t context_id_bytes_max = 64;
constexpr std::size_t id_bytes_max = 1024;
constexpr std::size_t job_key_bytes_max = 2048;
// No list is longer, whatever was asked for.
constexpr int list_limit_max = 1000;

// Length in bytes of the well-formed UTF-8 character at the start of `text`; 0: there is none, or
// it is NUL.
std::size_t character_length(std::string_view text);

// How many characters at the start are printable ASCII and no backslash: what any form of text
// takes as it is. Most of what is stored is nothing else.
std::size_t plain_length(std::string_view text);

std::string mend_text(std::string_view text);
bool is_storable_id(std::string_view id, std::size_t bytes_max = id_bytes_max);

// `invalid`, naming the field, when an identifier in `changes` cannot be stored, or is missing.
Result<void> check_ids(const Changes& changes);

}  // namespace earshot::store
