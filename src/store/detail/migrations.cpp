#include "store/detail/migrations.hpp"

#include <fmt/format.h>
#include <string>

namespace earshot::store {
namespace {

bool is_comment(std::string_view line) { return line.starts_with("--"); }

// A statement ends with a semicolon at the end of a line; comments have lines of their own.
void run_script(Connection& writer, std::string_view script) {
  const auto text = spell(writer.database(), script);
  std::string_view rest = text;
  std::string statement;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (is_comment(line)) continue;
    statement += line;
    statement += ' ';
    if (!line.ends_with(';')) continue;
    writer.command(statement);
    statement.clear();
  }
}

int found_version(Connection& writer) {
  auto rows = writer.query("SELECT MAX(version) FROM schema_version", 1);
  return rows.empty() ? 0 : static_cast<int>(rows.front().number());
}

int bring_up_to_date(Connection& writer, std::span<const Migration> migrations) {
  const auto lock = lock_schema(writer.database());
  if (!lock.empty()) writer.query(lock, 1);
  writer.command("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY)");
  const int found = found_version(writer);
  const int newest = migrations.empty() ? 0 : migrations.back().version;
  if (found > newest)
    throw DatabaseError(
        {.kind = ErrorKind::invalid,
         .message = fmt::format("the database has schema version {}, this program knows {}: it was "
                                "used by a newer Earshot. Start that one, or restore a backup",
                                found, newest)},
        false);
  for (const auto& migration : migrations) {
    if (migration.version <= found) continue;
    run_script(writer, migration.sql);
    writer.execute("INSERT INTO schema_version (version) VALUES (:version)",
                   {{"version", static_cast<long long>(migration.version)}});
  }
  return found;
}

}  // namespace

int migrate(Connection& writer, std::span<const Migration> migrations) {
  writer.command(begin_write(writer.database()));
  try {
    const int found = bring_up_to_date(writer, migrations);
    writer.command("COMMIT");
    return found;
  } catch (const DatabaseError&) {
    try {
      writer.command("ROLLBACK");
    } catch (const DatabaseError&) {  // NOLINT(bugprone-empty-catch)
      // What went wrong first is what matters.
    }
    throw;
  }
}

}  // namespace earshot::store
