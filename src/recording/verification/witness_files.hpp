#pragma once
// The bridge's witness of a call, wherever it is: in this machine's spool while it waits to be
// moved, in the blob store afterwards (recording/tap_uploader.hpp has the names).

#include "domain/call.hpp"
#include "domain/ledger_format.hpp"
#include "ports/blob_store.hpp"
#include "ports/tap_spool.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace earshot::recording {

struct WitnessFiles {
  std::vector<LedgerContents> ledgers;  // by run
  bool tap_present = false;             // any run has samples
  int ledgers_unreadable = 0;
  bool any() const { return !ledgers.empty(); }
};

class WitnessReader {
 public:
  // Both outlive this.
  WitnessReader(TapSpool& spool, BlobStore& blobs) : spool_(spool), blobs_(blobs) {}

  // What is there now; nothing at all is a success.
  Task<Result<WitnessFiles>> read(Call call);

 private:
  using Ledgers = std::map<std::uint32_t, Bytes>;
  struct Found {
    Ledgers ledgers;
    bool tap_present = false;
  };
  Task<Result<void>> look_into_spool(ContextId call, Found* found);
  Task<Result<void>> look_into_store(Call call, Found* found);
  Task<Result<Bytes>> read_spooled(SpooledRun run);
  Task<Result<Bytes>> read_stored(BlobInfo blob);

  TapSpool& spool_;
  BlobStore& blobs_;
};

}  // namespace earshot::recording
