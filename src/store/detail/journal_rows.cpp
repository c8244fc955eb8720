#include "store/detail/journal_rows.hpp"

#include "store/detail/stored_text.hpp"

namespace earshot::store {

void append_journal(Connection& connection, const JournalEntry& entry) {
  connection.execute(
      "INSERT INTO journal (context_id, at, type, detail) VALUES (:context_id, :at, :type, "
      ":detail)",
      {{"context_id", entry.call},
       {"at", entry.at},
       {"type", mend_text(entry.type)},
       {"detail", entry.detail.empty() ? "{}" : mend_text(entry.detail)}});
}

std::vector<JournalEntry> find_journal(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  std::vector<JournalEntry> entries;
  for (auto& row : connection.query("SELECT number, at, type, detail FROM journal WHERE context_id "
                                    "= :context_id ORDER BY number",
                                    4, {{"context_id", call}})) {
    JournalEntry entry{.call = call};
    entry.number = row.number();
    entry.at = row.time();
    entry.type = row.text();
    entry.detail = row.text();
    entries.push_back(std::move(entry));
  }
  return entries;
}

void append_diagnostics(Connection& connection, const ContextId& call,
                        const Diagnostics& diagnostics) {
  connection.execute(
      "INSERT INTO diagnostics (context_id, operation, status, client_request_id, chain_id, ms_cv, "
      "date) VALUES (:context_id, :operation, :status, :client_request_id, :chain_id, :ms_cv, "
      ":date)",
      {{"context_id", call},
       {"operation", mend_text(diagnostics.operation)},
       {"status", static_cast<long long>(diagnostics.status)},
       {"client_request_id", mend_text(diagnostics.client_request_id)},
       {"chain_id", mend_text(diagnostics.chain_id)},
       {"ms_cv", mend_text(diagnostics.ms_cv)},
       {"date", mend_text(diagnostics.date)}});
}

std::vector<Diagnostics> find_diagnostics(Connection& connection, const ContextId& call) {
  if (!is_storable_id(call.text, context_id_bytes_max)) return {};
  std::vector<Diagnostics> all;
  for (auto& row : connection.query("SELECT operation, status, client_request_id, chain_id, ms_cv, "
                                    "date FROM diagnostics WHERE context_id = :context_id ORDER BY "
                                    "number",
                                    6, {{"context_id", call}})) {
    Diagnostics diagnostics;
    diagnostics.operation = row.text();
    diagnostics.status = static_cast<int>(row.number());
    diagnostics.client_request_id = row.text();
    diagnostics.chain_id = row.text();
    diagnostics.ms_cv = row.text();
    diagnostics.date = row.text();
    all.push_back(std::move(diagnostics));
  }
  return all;
}

}  // namespace earshot::store
