#pragma once
// Calls whose data is being erased, or was (calls.erased_at): the one place where somebody who
// comes too late is refused. All functions throw DatabaseError.

#include "domain/erasure.hpp"
#include "ports/call_store.hpp"
#include "store/detail/connection.hpp"

namespace earshot::store {

// `conflict` with call_erased_code, or call_erasing_code as long as no erasure of it is settled,
// when the changes hold personal data of such a call, or a
// recording of another call in the folder of one of its recordings. Until the
// end of the transaction no erasure of these calls begins.
void refuse_of_erased(Connection& connection, const Changes& changes);
// The same for one recording; one that is not known is not refused here.
void refuse_of_erased(Connection& connection, const RecordingId& recording);

// What the state of the call in that erasure says of it.
void mark_erased(Connection& connection, const ErasureId& erasure, const ErasedCall& call);

}  // namespace earshot::store
