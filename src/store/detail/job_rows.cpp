#include "store/detail/job_rows.hpp"

#include "store/detail/stored_text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace earshot::store {
namespace {

constexpr std::string_view job_columns =
    "job_id, kind, subject, payload, attempts, due, deadline, added_at, last_error, leased_until";
constexpr std::size_t job_column_count = 10;

Job read_job(Row& row) {
  Job job;
  job.id.text = row.text();
  job.kind = row.text();
  job.subject = row.text();
  job.payload = row.text();
  job.attempts = static_cast<int>(row.number());
  job.due = row.time();
  job.deadline = row.time_or_none();
  job.added_at = row.time();
  job.last_error = row.text();
  job.leased_until = row.time();
  return job;
}

// Changes the job if the runner has it.
void change_leased(Connection& connection, const JobRef& job, std::string_view change,
                   Params params) {
  params.emplace_back("job_id", mend_text(job.id.text));
  params.emplace_back("runner", mend_text(job.runner));
  const auto sql =
      fmt::format("{} WHERE job_id = :job_id AND runner = :runner AND state = 'leased'", change);
  if (connection.execute(sql, params) == 1) return;
  throw DatabaseError(
      {.kind = ErrorKind::conflict, .message = "the job is no longer leased to this runner"},
      false);
}

}  // namespace

void add_job(Connection& connection, const NewJob& job, const JobId& id) {
  connection.execute(
      "INSERT INTO jobs (job_id, kind, subject, payload, attempts, due, deadline, added_at, "
      "last_error, unique_key, state, runner, leased_until) VALUES (:job_id, :kind, :subject, "
      ":payload, 0, :due, :deadline, :due, '', :unique_key, 'waiting', '', 0) ON CONFLICT DO "
      "NOTHING",
      {{"job_id", id},
       {"kind", job.kind},
       {"subject", mend_text(job.subject)},
       {"payload", mend_text(job.payload)},
       {"due", job.due},
       {"deadline", job.deadline},
       {"unique_key", job.unique_key}});
}

std::optional<Job> lease_job(Connection& connection, const std::string& runner, WallTime now,
                             WallTime until) {
  // A lease that has run out is due again: its runner is gone.
  const auto sql = spell(
      connection.database(),
      "UPDATE jobs SET state = 'leased', runner = :runner, leased_until = :until, attempts = "
      "attempts + 1 WHERE job_id = (SELECT job_id FROM jobs WHERE (state = 'waiting' AND due <= "
      ":now) OR (state = 'leased' AND leased_until <= :now) ORDER BY due, job_id LIMIT 1 "
      "{{skip_locked}}) RETURNING job_id, kind, subject, payload, attempts - 1, due, deadline, "
      "added_at, last_error, leased_until");
  auto rows = connection.query(sql, job_column_count,
                               {{"runner", mend_text(runner)}, {"until", until}, {"now", now}});
  if (rows.empty()) return std::nullopt;
  return read_job(rows.front());
}

void extend_lease(Connection& connection, const JobRef& job, WallTime until) {
  change_leased(connection, job, "UPDATE jobs SET leased_until = :until", {{"until", until}});
}

void complete_job(Connection& connection, const JobRef& job) {
  change_leased(connection, job, "DELETE FROM jobs", {});
}

void retry_job(Connection& connection, const JobRef& job, WallTime due, const std::string& error,
               const std::string& payload) {
  const Params params{{"due", due}, {"error", mend_text(error)}};
  if (payload.empty()) {
    change_leased(connection, job,
                  "UPDATE jobs SET state = 'waiting', runner = '', leased_until = 0, due = :due, "
                  "last_error = :error",
                  params);
    return;
  }
  auto with_payload = params;
  with_payload.emplace_back("payload", mend_text(payload));
  change_leased(connection, job,
                "UPDATE jobs SET state = 'waiting', runner = '', leased_until = 0, due = :due, "
                "last_error = :error, payload = :payload",
                with_payload);
}

void give_up_job(Connection& connection, const JobRef& job, const std::string& error) {
  change_leased(connection, job,
                "UPDATE jobs SET state = 'given_up', leased_until = 0, last_error = :error",
                {{"error", mend_text(error)}});
}

std::optional<WallTime> find_next_due(Connection& connection) {
  auto rows = connection.query("SELECT MIN(due) FROM jobs WHERE state = 'waiting'", 1);
  if (rows.empty()) return std::nullopt;
  return rows.front().time_or_none();
}

std::vector<Job> find_given_up(Connection& connection, int limit) {
  const auto sql = fmt::format(
      "SELECT {} FROM jobs WHERE state = 'given_up' ORDER BY due DESC, job_id LIMIT :limit",
      job_columns);
  std::vector<Job> jobs;
  for (auto& row :
       connection.query(sql, job_column_count,
                        {{"limit", static_cast<long long>(std::clamp(limit, 0, list_limit_max))}}))
    jobs.push_back(read_job(row));
  return jobs;
}

}  // namespace earshot::store
