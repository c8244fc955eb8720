#include "recording/importing/imports.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace earshot::recording {
namespace {

constexpr Duration come_back_after = 30s;
// Of these the unfinished ones are found: no more than that are ever unfinished.
constexpr int imports_looked_at = 100;

WallTime midnight(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }

}  // namespace

Imports::Imports(ImportServices services, ImportsOptions options)
    : services_(services),
      options_(options),
      requested_(services.counters.counter("earshot_imports_requested_total",
                                           "imports of recordings that were queued")),
      purged_(services.counters.counter("earshot_imports_purged_total",
                                        "imports of long ago whose rows were deleted")) {}

// Here, since only requests add to them. What fails is for the next one.
Task<void> Imports::purge() {
  const auto over_before = services_.clock.wall_now() - options_.keep_for;
  auto gone = co_await services_.imports.purge_imports(over_before, options_.purged_at_once);
  if (gone)
    purged_.add(*gone);
  else
    services_.log.warn("rows of old imports were not deleted", {{"why", gone.error().message}});
}

Task<Result<RequestedImport>> Imports::request(ImportRequest wanted) {
  const auto now = services_.clock.wall_now();
  Import made{.id = {make_uuid(services_.random)},
              .from = midnight(wanted.from),
              .to = midnight(wanted.to.value_or(now)),
              .dry_run = wanted.dry_run,
              .requested_at = now};
  made.date = made.from;
  if (made.from > midnight(now))
    co_return fail(ErrorKind::invalid,
                   fmt::format("from is in the future: today is {} in UTC", to_compact_date(now)));
  if (made.to < made.from) co_return fail(ErrorKind::invalid, "to lies before from");
  if ((made.to - made.from) / std::chrono::days(1) >= options_.days_max)
    co_return fail(ErrorKind::invalid,
                   fmt::format("more than {} dates; import them in parts", options_.days_max));
  auto before = co_await services_.imports.list_imports(imports_looked_at);
  if (!before) co_return Failure(before.error());
  std::erase_if(*before, [](const Import& one) { return is_over(one.state); });
  for (auto& one : *before)
    if (one.from == made.from && one.to == made.to && one.dry_run == made.dry_run)
      co_return RequestedImport{.made = std::move(one), .is_new = false};
  if (std::ssize(*before) >= options_.unfinished_max)
    co_return Failure(Error{.kind = ErrorKind::unavailable,
                            .message = fmt::format("{} imports are waiting, which is the most; "
                                                   "come back when some are done",
                                                   before->size()),
                            .status = 429,
                            .retry_after_ms = come_back_after / 1ms});
  NewJob job{.kind = import_recordings_job,
             .subject = made.id.text,
             .payload = "{}",
             .due = now,
             .deadline = now + options_.deadline,
             .unique_key = ""};
  if (auto added = co_await services_.imports.add_import(made, std::move(job)); !added)
    co_return Failure(added.error());
  requested_.add();
  co_await purge();
  services_.log.info("an import was asked for", {{"import", made.id.text},
                                                 {"from", to_compact_date(made.from)},
                                                 {"to", to_compact_date(made.to)},
                                                 {"dry_run", made.dry_run}});
  co_return RequestedImport{.made = std::move(made), .is_new = true};
}

Task<Result<Import>> Imports::find(ImportId id) {
  auto found = co_await services_.imports.find_import(std::move(id));
  if (!found) co_return Failure(found.error());
  if (!*found) co_return fail(ErrorKind::not_found, "there is no such import");
  co_return std::move(**found);
}

Task<Result<std::vector<Import>>> Imports::list(int limit) {
  co_return co_await services_.imports.list_imports(limit);
}

Task<Result<std::vector<ImportItem>>> Imports::items(ImportItemQuery query) {
  co_return co_await services_.imports.import_items(std::move(query));
}

}  // namespace earshot::recording
