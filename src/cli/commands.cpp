#include "cli/commands.hpp"

#include "cli/bind_command.hpp"
#include "cli/report_commands.hpp"
#include "cli/retention_commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>
#include <string>

namespace earshot::cli {

void add_common(CLI::App& command, CommonOptions& common) {
  command.add_option("--url", common.url, "the service, default http://127.0.0.1:8080")
      ->envname("EARSHOT_URL");
  command.add_option("--api-key", common.api_key, "the API key; better given as EARSHOT_API_KEY")
      ->envname("EARSHOT_API_KEY");
  command
      .add_option("--ca-file", common.ca_file, "certificates to trust instead of the system's, PEM")
      ->envname("EARSHOT_CA_FILE");
  command.add_flag("--json", common.json, "the API's own JSON instead of a table");
}

namespace {

void add_alert_commands(CLI::App& app, ChosenCommand& chosen) {
  auto* alerts = app.add_subcommand("alerts", "Alerts and their webhooks: list, retry");
  alerts->require_subcommand(1);
  alerts->footer(
      "Examples:\n  earshot alerts list --state dead\n"
      "  earshot alerts retry 5f1e0c00-1111-4222-8333-444455556666");
  auto* list = alerts->add_subcommand("list", "Alerts, newest first");
  auto list_options = bind<AlertsListOptions>(*list, chosen, run_alerts_list);
  list->add_option("--state", list_options->state,
                   "waiting, delivered, dead (no webhook took it) or kept (none is configured)");
  list->add_option("--call", list_options->call, "contextId of a call");
  list->add_option("--limit", list_options->limit, "how many")->check(CLI::Range(1, 500));
  auto* retry = alerts->add_subcommand("retry", "Sends a dead alert again");
  auto retry_options = bind<AlertsRetryOptions>(*retry, chosen, run_alerts_retry);
  retry->add_option("alert", retry_options->alert, "id of the alert")->required();
}

void add_link_command(CLI::App& recordings, ChosenCommand& chosen) {
  auto* link = recordings.add_subcommand(
      "link", "A link with which somebody without a key can listen, for a while");
  auto options = bind<RecordingsLinkOptions>(*link, chosen, run_recordings_link);
  link->add_option("recording", options->recording, "recordingId, or the contextId of its call")
      ->required();
  auto* source = link->add_option("--source", options->source,
                                  "acs (as recorded), repaired (on the call's clock, mended) or "
                                  "tap (the bridge's own copy)");
  auto* channels = link->add_option("--channels", options->channels,
                                    "caller, assistant, mixed, or a channel's number; all unless "
                                    "given");
  auto* merge = link->add_option("--merge", options->merge, "the file of this merge instead")
                    ->check(CLI::Range(1, 1'000'000))
                    ->excludes(source, channels);
  auto* chunk = link->add_option("--chunk", options->chunk,
                                 "the file of this chunk instead, at the storage account")
                    ->check(CLI::Range(0, 1'000'000))
                    ->excludes(source, channels, merge);
  link->add_flag("--metadata", options->metadata, "that chunk's metadata instead of its audio")
      ->needs(chunk);
  link->add_option("--expires", options->expires_s,
                   "how long it is good: 90s, 15m, 24h; 15 minutes unless given")
      ->transform(
          CLI::AsNumberWithUnit(std::map<std::string, int>{{"s", 1}, {"m", 60}, {"h", 3600}}));
  link->footer(
      "The link is all that is needed: whoever has it can read until it ends.\n"
      "Examples:\n  earshot recordings link ID --source repaired --expires 1h\n"
      "  earshot recordings link ID --chunk 0\n"
      "  earshot recordings link ID --merge 1 --json");
}

void add_import_command(CLI::App& recordings, ChosenCommand& chosen) {
  auto* import_command = recordings.add_subcommand(
      "import", "Adopts recordings in the container that the database has never seen");
  auto options = bind<RecordingsImportOptions>(*import_command, chosen, run_recordings_import);
  import_command
      ->add_option("--from", options->from, "first date folder (UTC), as 20250801 or 2025-08-01")
      ->required();
  import_command->add_option("--to", options->to, "last date folder; today unless given");
  import_command->add_flag("--dry-run", options->dry_run,
                           "tells what it would do, and changes nothing");
  import_command->add_flag("--no-wait", options->no_wait,
                           "only asks for it; GET /api/v1/imports/{id} tells how far it is");
  import_command->footer(
      "Only names, metadata and headers are read. What is known already is left alone, so an "
      "import may be repeated.\n"
      "Examples:\n  earshot recordings import --from 20250801 --dry-run\n"
      "  earshot recordings import --from 20250801 --to 20250831\n"
      "  earshot recordings import --from 20250801 --json");
}

void add_report_commands(CLI::App& app, ChosenCommand& chosen) {
  auto* reports = app.add_subcommand("report", "Statistics over many calls: regions");
  reports->require_subcommand(1);
  auto* regions = reports->add_subcommand(
      "regions", "Compares the ACS resources that calls came in on, with 95 % intervals");
  regions->footer(
      "Examples:\n  earshot report regions\n"
      "  earshot report regions --from 2026-03-01T00:00:00Z --to 2026-04-01T00:00:00Z --json");
  auto options = bind<ReportRegionsOptions>(*regions, chosen, run_report_regions);
  regions->add_option("--from", options->from,
                      "rung at or after this time, as 2026-03-02T09:15:30Z; 30 days before --to if "
                      "not given");
  regions->add_option("--to", options->to, "and before this one; now if not given");
}

template <class Run>
void add_pause_command(CLI::App& calls, ChosenCommand& chosen, const char* verb, const char* what,
                       Run run) {
  auto* command = calls.add_subcommand(verb, what);
  command->footer(fmt::format(
      "Exit status: 0 confirmed by ACS, 3 not confirmed in time, 1 failed or no answer.\n"
      "Examples:\n  earshot calls {0} 5f1e0c00-1111-4222-8333-444455556666\n"
      "  earshot calls {0} 5f1e0c00-1111-4222-8333-444455556666 --no-wait --json",
      verb));
  auto options = bind<CallsPauseOptions>(*command, chosen, run);
  command->add_option("call", options->call, "contextId of the call")->required();
  auto* wait = command->add_option("--wait", options->wait_seconds,
                                   "seconds to wait for ACS's confirmation; 10 if not given");
  wait->check(CLI::Range(1, 300));
  command->add_flag("--no-wait", options->no_wait, "ask for it, and do not wait")->excludes(wait);
}

}  // namespace

void add_commands(CLI::App& app, ChosenCommand& chosen) {
  auto* calls = app.add_subcommand("calls", "Calls, newest first, or one call");
  calls->footer(
      "Examples:\n  earshot calls list\n  earshot calls --state connected --json\n"
      "  earshot calls 5f1e0c00-1111-4222-8333-444455556666 --turns\n"
      "  earshot calls pause 5f1e0c00-1111-4222-8333-444455556666");
  auto call_options = bind<CallsOptions>(*calls, chosen, run_calls);
  calls->add_option("call", call_options->call, "contextId of one call; list, or nothing, for all");
  calls->add_option("--state", call_options->state,
                    "ringing, answering, connected, ended or not_answered");
  calls->add_option("--limit", call_options->limit, "how many")->check(CLI::Range(1, 500));
  auto* turns = calls->add_flag("--turns", call_options->turns, "what was said, with times");
  calls->add_flag("--journal", call_options->journal, "everything that happened")->excludes(turns);
  add_pause_command(*calls, chosen, "pause",
                    "Pauses a call's recording: nothing of what is said or keyed is kept meanwhile",
                    run_calls_pause);
  add_pause_command(*calls, chosen, "resume", "Lets a paused recording go on", run_calls_resume);

  auto* verdict = app.add_subcommand("verdict", "Is a call's recording whole? With the evidence");
  verdict->footer(
      "Exit status: 0 complete, 3 anything else, 1 no answer, 2 wrong use.\n"
      "Examples:\n  earshot verdict 5f1e0c00-1111-4222-8333-444455556666\n"
      "  earshot verdict 5f1e0c00-1111-4222-8333-444455556666 --number 1 --json\n"
      "  earshot verdict 5f1e0c00-1111-4222-8333-444455556666 --again");
  auto verdict_options = bind<VerdictOptions>(*verdict, chosen, run_verdict);
  verdict->add_option("call", verdict_options->call, "contextId of the call")->required();
  auto* number = verdict
                     ->add_option("--number", verdict_options->number,
                                  "an earlier verdict; the newest if not given")
                     ->check(CLI::Range(1, 1'000'000));
  verdict
      ->add_flag("--again", verdict_options->again,
                 "looks for chunks again and judges anew first; shows the newest there is then")
      ->excludes(number);

  auto* transcript = app.add_subcommand("transcript", "What was said, in step with the audio");
  transcript->footer(
      "--source says which audio the times are of: call (the call's own clock), acs (the joined\n"
      "chunks), repaired (what recordings download --source repaired gives) or tap.\n"
      "Examples:\n  earshot transcript 5f1e0c00-1111-4222-8333-444455556666\n"
      "  earshot transcript 5f1e0c00-1111-4222-8333-444455556666 --source repaired --format vtt "
      "-o call.vtt\n"
      "  earshot transcript 5f1e0c00-1111-4222-8333-444455556666 --source acs --json");
  auto transcript_options = bind<TranscriptOptions>(*transcript, chosen, run_transcript);
  transcript->add_option("call", transcript_options->call, "contextId of the call")->required();
  transcript
      ->add_option("--source", transcript_options->source,
                   "call, acs, repaired or tap; call if not given")
      ->check(CLI::IsMember({"call", "acs", "repaired", "tap"}));
  transcript
      ->add_option("--format", transcript_options->format,
                   "text (a table), json, vtt (WebVTT) or srt (SubRip); text if not given")
      ->check(CLI::IsMember({"text", "json", "vtt", "srt"}));
  transcript->add_option("-o,--output", transcript_options->output,
                         "file to write; - is standard output");
  transcript->add_flag("--overwrite", transcript_options->overwrite,
                       "replaces the file if it is there");

  auto* transcripts = app.add_subcommand("transcripts", "What was said on all calls: search");
  transcripts->require_subcommand(1);
  auto* search = transcripts->add_subcommand("search", "Finds turns that hold a text");
  search->footer(
      "The text is found as it stands, upper and lower case alike; no character of it means\n"
      "anything else. Newest calls first.\n"
      "Examples:\n  earshot transcripts search \"invoice of March\"\n"
      "  earshot transcripts search refund --from 2026-03-01T00:00:00Z --limit 100");
  auto search_options = bind<TranscriptsSearchOptions>(*search, chosen, run_transcripts_search);
  search->add_option("text", search_options->text, "what was said, or a part of it")->required();
  search->add_option("--from", search_options->from,
                     "of calls received at or after, as 2026-03-02T00:00:00Z");
  search->add_option("--to", search_options->to, "of calls received before");
  search->add_option("--limit", search_options->limit, "how many")->check(CLI::Range(1, 200));
  search->add_option("--cursor", search_options->cursor, "the next page, as the one before says");

  auto* recordings = app.add_subcommand(
      "recordings", "Recordings: list, show, download, merge, link, verify, import");
  recordings->require_subcommand(1);
  recordings->footer(
      "Examples:\n  earshot recordings list\n  earshot recordings show "
      "5f1e0c00-1111-4222-8333-444455556666\n"
      "  earshot recordings download ID -o call.wav");
  auto* list = recordings->add_subcommand("list", "Recordings, newest first");
  auto list_options = bind<RecordingsListOptions>(*list, chosen, run_recordings_list);
  list->add_option("--from", list_options->from, "started at or after, as 2026-03-02T00:00:00Z");
  list->add_option("--to", list_options->to, "started before");
  list->add_option("--limit", list_options->limit, "how many")->check(CLI::Range(1, 500));

  auto* show = recordings->add_subcommand("show", "One recording and its chunks");
  auto show_options = bind<RecordingsShowOptions>(*show, chosen, run_recordings_show);
  show->add_option("recording", show_options->recording,
                   "recordingId, or the contextId of its call")
      ->required();

  auto* download = recordings->add_subcommand("download", "One WAV, whatever the number of chunks");
  auto download_options =
      bind<RecordingsDownloadOptions>(*download, chosen, run_recordings_download);
  download
      ->add_option("recording", download_options->recording,
                   "recordingId, or the contextId of its call")
      ->required();
  download->add_option("-o,--output", download_options->output,
                       "file to write; - is standard output");
  download->add_option("--source", download_options->source,
                       "acs (as recorded), repaired (on the call's clock, mended) or tap (the "
                       "bridge's own copy)");
  download->add_option("--channels", download_options->channels,
                       "caller, assistant, mixed, or a channel's number; all unless given");
  download->add_flag("--overwrite", download_options->overwrite,
                     "replaces the file if it is there");

  auto* merge = recordings->add_subcommand(
      "merge", "Has audio written out as one file beside the chunks, by a job");
  auto merge_options = bind<RecordingsMergeOptions>(*merge, chosen, run_recordings_merge);
  merge
      ->add_option("recording", merge_options->recording,
                   "recordingId, or the contextId of its call")
      ->required();
  merge->add_option("--source", merge_options->source,
                    "acs (as recorded), repaired (on the call's clock, mended) or tap (the "
                    "bridge's own copy)");
  merge->add_option("--channels", merge_options->channels,
                    "caller, assistant, mixed, or a channel's number; all unless given");
  merge->add_flag("--wait", merge_options->wait, "until it is done, showing how far it is");
  merge->add_option("-o,--output", merge_options->output,
                    "waits, then writes the file here; - is standard output");
  merge->add_flag("--overwrite", merge_options->overwrite, "replaces the file if it is there");
  merge->footer(
      "Asked for twice, the same audio is written once.\n"
      "Examples:\n  earshot recordings merge ID --wait\n"
      "  earshot recordings merge ID --source repaired --channels caller -o caller.wav\n"
      "  earshot recordings merge ID --json");

  add_link_command(*recordings, chosen);
  add_import_command(*recordings, chosen);
  auto* verify = recordings->add_subcommand(
      "verify", "Checks a manifest's signature, and audio against what it says");
  auto verify_options = bind<RecordingsVerifyOptions>(*verify, chosen, run_recordings_verify);
  verify
      ->add_option(
          "target", verify_options->target,
          "a manifest or an audio file on this machine, or a recordingId, or the contextId "
          "of its call")
      ->required();
  verify->add_option(
      "--key", verify_options->key,
      "the public key, base64 or a file that holds it; without it the service's own, "
      "from /api/v1/keys");
  verify->add_option("--manifest", verify_options->manifest,
                     "the manifest of an audio file, unless it is manifest.json beside it");
  verify->footer(
      "Examples:\n  earshot recordings verify call.wav --manifest manifest.json --key public.key\n"
      "  earshot recordings verify ID");

  auto* events = app.add_subcommand("events", "Events of Event Grid: replay");
  events->require_subcommand(1);
  auto* replay = events->add_subcommand(
      "replay", "Takes in what Event Grid could not deliver and kept as dead letters");
  auto replay_options = bind<EventsReplayOptions>(*replay, chosen, run_events_replay);
  auto* file = replay->add_option("file", replay_options->file,
                                  "file with one event or an array of them; - is standard input");
  replay
      ->add_option("--blob", replay_options->blob,
                   "name of a blob in EVENT_GRID_DEAD_LETTER_CONTAINER, instead of a file")
      ->excludes(file);
  replay->footer(
      "Events that are known already are ignored, so a replay does no harm.\n"
      "Examples:\n  earshot events replay letter.json\n"
      "  az storage blob download -c dead-letters -n NAME --no-progress | earshot events replay -");
  add_alert_commands(app, chosen);
  add_retention_commands(app, chosen);
  add_report_commands(app, chosen);
}

}  // namespace earshot::cli
