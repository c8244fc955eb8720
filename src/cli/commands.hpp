#pragma once
// The operators' verbs. Each gives the process's exit code: 0 done, 1 the service said no or cannot
// be reached, 2 wrong use, 3 a verdict that is not complete. Results go to standard output,
// progress and errors to standard error.

#include "base/executor.hpp"
#include "cli/api_client.hpp"

#include <optional>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own
class App;
}

namespace earshot::cli {

struct CommonOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string api_key;
  bool json = false;
  std::string ca_file;  // empty: the system's certificates
};

struct CallsOptions {
  CommonOptions common;
  std::string call;  // "" = list
  std::string state;
  int limit = 20;
  bool turns = false;
  bool journal = false;
};
struct CallsPauseOptions {
  CommonOptions common;
  std::string call;       // contextId
  int wait_seconds = 10;  // for ACS's confirmation
  bool no_wait = false;
};
struct VerdictOptions {
  CommonOptions common;
  std::string call;
  int number = 0;  // 0 = the newest
  bool again = false;
};
struct TranscriptOptions {
  CommonOptions common;
  std::string call;
  std::string source = "call";
  std::string format;  // "" or "text" = a table for people
  std::string output;  // "" or "-" = standard output
  bool overwrite = false;
};
struct TranscriptsSearchOptions {
  CommonOptions common;
  std::string text;
  std::string from;
  std::string to;
  std::string cursor;  // what an answer gave as its next page
  int limit = 20;
};
struct RecordingsListOptions {
  CommonOptions common;
  std::string from;
  std::string to;
  int limit = 20;
};
struct RecordingsShowOptions {
  CommonOptions common;
  std::string recording;
};
struct RecordingsDownloadOptions {
  CommonOptions common;
  std::string recording;
  std::string output;    // "" = <recording>.wav, "-" = standard output
  std::string source;    // "" = acs
  std::string channels;  // "" = all
  bool overwrite = false;
};
struct RecordingsMergeOptions {
  CommonOptions common;
  std::string recording;
  std::string source;    // "" = acs
  std::string channels;  // "" = all
  bool wait = false;
  std::string output;  // waits, and writes the file here; "" = not; "-" = standard output
  bool overwrite = false;
};

struct RecordingsLinkOptions {
  CommonOptions common;
  std::string recording;
  std::string source;            // "" = acs
  std::string channels;          // "" = all
  std::optional<int> merge;      // the file of this merge instead
  std::optional<int> chunk;      // the file of this chunk instead
  bool metadata = false;         // of that chunk
  std::optional<int> expires_s;  // none: the service's default
};

struct RecordingsImportOptions {
  CommonOptions common;
  std::string from;  // 20250801 or 2025-08-01
  std::string to;    // "" = today
  bool dry_run = false;
  bool no_wait = false;
};

struct EventsReplayOptions {
  CommonOptions common;
  std::string file;  // "-" = standard input
  std::string blob;  // in the dead-letter container; instead of a file
};

struct AlertsListOptions {
  CommonOptions common;
  std::string state;  // "" = any
  std::string call;   // "" = all
  int limit = 20;
};
struct AlertsRetryOptions {
  CommonOptions common;
  std::string alert;
};

struct RetentionOptions {
  CommonOptions common;
  int limit = 100;
  std::string rules;  // of a plan: a file with rules that are not in force; "": those that are
  bool dry_run = false;
};
struct RetentionRestoreOptions {
  CommonOptions common;
  std::string call;
};
struct HoldsAddOptions {
  CommonOptions common;
  std::string call;
  std::string who;
  std::string why;
};
struct HoldsRemoveOptions {
  CommonOptions common;
  std::string hold;
  std::string who;
};
struct HoldsListOptions {
  CommonOptions common;
  std::string call;  // "" = of any
  bool all = false;
  int limit = 100;
};
struct EraseOptions {
  CommonOptions common;
  std::string caller;
  std::string receipt;
  bool dry_run = false;
  bool yes = false;
  bool list = false;
  bool signed_text = false;  // of `receipt`, as it was signed
};

struct EraseVerifyOptions {
  CommonOptions common;
  std::string target;  // a signed receipt, or the id of one
  std::string key;     // base64, or a file that holds it; "" = the service's
};

struct RecordingsVerifyOptions {
  CommonOptions common;
  std::string target;    // a manifest, an audio file, a recordingId or a contextId
  std::string key;       // base64, or a file that holds it; "" = the service's
  std::string manifest;  // of an audio file; "" = manifest.json beside it
};

Task<int> run_calls(ApiClient& client, CallsOptions options);
Task<int> run_calls_pause(ApiClient& client, CallsPauseOptions options);
Task<int> run_calls_resume(ApiClient& client, CallsPauseOptions options);
// 0 only when the verdict is `complete`; 3 for any other, `pending` included.
Task<int> run_verdict(ApiClient& client, VerdictOptions options);
Task<int> run_transcript(ApiClient& client, TranscriptOptions options);
Task<int> run_transcripts_search(ApiClient& client, TranscriptsSearchOptions options);
Task<int> run_recordings_list(ApiClient& client, RecordingsListOptions options);
Task<int> run_recordings_show(ApiClient& client, RecordingsShowOptions options);
Task<int> run_recordings_download(ApiClient& client, RecordingsDownloadOptions options);
Task<int> run_recordings_merge(ApiClient& client, RecordingsMergeOptions options);
Task<int> run_recordings_link(ApiClient& client, RecordingsLinkOptions options);
// 0 also when folders were refused: they are listed.
Task<int> run_recordings_import(ApiClient& client, RecordingsImportOptions options);
Task<int> run_alerts_list(ApiClient& client, AlertsListOptions options);
Task<int> run_alerts_retry(ApiClient& client, AlertsRetryOptions options);
Task<int> run_events_replay(ApiClient& client, EventsReplayOptions options);

Task<int> run_retention_plan(ApiClient& client, RetentionOptions options);
Task<int> run_retention_run(ApiClient& client, RetentionOptions options);
Task<int> run_retention_policy(ApiClient& client, RetentionOptions options);
Task<int> run_retention_restore(ApiClient& client, RetentionRestoreOptions options);
Task<int> run_holds_add(ApiClient& client, HoldsAddOptions options);
Task<int> run_holds_remove(ApiClient& client, HoldsRemoveOptions options);
Task<int> run_holds_list(ApiClient& client, HoldsListOptions options);
Task<int> run_erase(ApiClient& client, EraseOptions options);
Task<int> run_erase_verify(ApiClient& client, EraseVerifyOptions options);

Task<int> run_recordings_verify(ApiClient& client, RecordingsVerifyOptions options);

// Adds `calls`, `verdict`, `transcript`, `transcripts`, `recordings`, `events`, `alerts`,
// `retention`, `holds` and `erase` to a command line. When one of them was chosen, `chosen` gives
// its exit code.
struct ChosenCommand {
  CommonOptions common;
  std::function<Task<int>(ApiClient&)> run;
};
void add_commands(CLI::App& app, ChosenCommand& chosen);

}  // namespace earshot::cli
