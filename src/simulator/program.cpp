#include "simulator/program.hpp"

#include "net/url.hpp"
#include "simulator/blob_chunk_store.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <unistd.h>

namespace earshot::simulator {

void add_shared_options(CLI::App& command, ProgramOptions& options) {
  options.acs.port = 7788;
  command
      .add_option("--port", options.acs.port,
                  "port of the simulated services; of several resources, the first one's")
      ->capture_default_str();
  command.add_option("--listen", options.acs.address, "address to listen on")
      ->capture_default_str();
  command.add_option("--public-url", options.acs.public_url,
                     "how the application reaches the simulator [http(s)://127.0.0.1:PORT]");
  command
      .add_option("--event-grid-secret", options.event_grid_secret,
                  "the secret in the subscription's URL")
      ->envname("EVENT_GRID_SECRET")
      ->capture_default_str();
  auto* file = command.add_option("--resources-file", options.resources_file,
                                  "where the list of --resource is written for the application, "
                                  "as its ACS_RESOURCES_FILE");
  auto* resource =
      command
          .add_option("--resource", options.resource_texts,
                      "an ACS resource, a region each: label:number=NUMBER[,number=NUMBER]"
                      "[,port=PORT][,key=BASE64][,audience=ID][,topic=ID][,url=URL]; again for the "
                      "next, whose port is one higher; the number dialled says whose a call is")
          ->needs(file)
          ->allow_extra_args(false);
  file->needs(resource);
  command.add_option("--recordings", options.recordings,
                     "directory that stands for the customer's container");
  command.add_option("--storage-connection-string", options.storage_connection_string,
                     "instead of a directory: Blob Storage, with the account's key");
  command.add_option("--storage-container-url", options.storage_container_url,
                     "the container, when not the one that the application names");
  command.add_flag("--create-container", options.create_container,
                   "make the container when it is not there");
  command.add_option("--chunk-seconds", options.chunk_seconds,
                     "cut recordings into chunks of so many seconds [4 hours]");
  command.add_flag("--document-ids", options.acs.files.document_id_in_name,
                   "name files 0-audiowav.<documentId>.wav");
  command.add_flag("--call-id-folder", options.acs.files.call_id_segment,
                   "the call's id instead of the serverCallId in the path");
  command.add_flag("--export-always", options.acs.export_always,
                   "export recordings even when the application names no container");
  command.add_option("--delay-min-ms", options.delay_min_ms, "shortest delay to the phone")
      ->capture_default_str();
  command.add_option("--delay-max-ms", options.delay_max_ms, "longest delay to the phone")
      ->capture_default_str();
  command.add_option("--schema", options.schema, "of events: event-grid or cloud-events")
      ->capture_default_str();
  command.add_option("--silent-frames", options.silent_frames, "samples, empty, none or unmarked")
      ->capture_default_str();
  command
      .add_option("--media-reconnect", options.media_reconnect,
                  "a lost media socket comes back: by-itself, when-asked or never")
      ->capture_default_str();
  command.add_option("--fault", options.faults,
                     "what goes wrong: point:setting[,setting], e.g. "
                     "rest.answer:status=429,retry-after=1,times=2");
  command.add_option("--seed", options.acs.seed, "of the faults")->capture_default_str();
  command.add_option("--assistant", options.voice_live.assistant_lines,
                     "what the simulated assistant says, a line a turn");
  command.add_option("--transcript", options.voice_live.caller_lines,
                     "what the caller is understood to say, a line a turn");
  command
      .add_option("--speech-dbfs", options.voice_live.speech_threshold_dbfs,
                  "what the simulated assistant takes for speech of the caller; raised, it is not "
                  "interrupted by a quiet echo of its own voice")
      ->capture_default_str();
  command.add_option("--ca-file", options.ca_file, "certificates to trust, PEM");
  auto* certificate = command.add_option("--tls-cert", options.tls_certificate_file,
                                         "serve https and wss with this certificate chain, PEM");
  command.add_option("--tls-key", options.tls_key_file, "its private key, PEM")->needs(certificate);
  command.add_flag("--verbose,-v", options.verbose, "log what happens inside");
}

namespace {

Result<void> finish_tls(ProgramOptions& options) {
  net::TlsClientOptions tls{.ca_pem_file = options.ca_file};
  auto context = net::make_tls_client(tls);
  if (!context) return Failure(context.error());
  options.acs.media_tls = std::move(*context);
  if (options.tls_certificate_file.empty()) return ok();
  net::TlsServerOptions serving{.certificate_chain_pem_file = options.tls_certificate_file,
                                .private_key_pem_file = options.tls_key_file};
  auto server = net::make_tls_server(serving);
  if (!server) return fail("--tls-cert", server.error());
  options.acs.server_tls = std::move(*server);
  return ok();
}

// Last: each has what all share.
Result<void> finish_resources(ProgramOptions& options) {
  std::vector<ResourceWish> wishes;
  wishes.reserve(options.resource_texts.size());
  for (const auto& text : options.resource_texts) {
    auto wish = parse_resource(text);
    if (!wish) return Failure(wish.error());
    wishes.push_back(std::move(*wish));
  }
  auto resources = options_of_each(options.acs, wishes);
  if (!resources) return Failure(resources.error());
  options.resources = std::move(*resources);
  return ok();
}

}  // namespace

Result<void> finish_options(ProgramOptions& options) {
  static const std::map<std::string, SilentFrames> silent{{"samples", SilentFrames::with_samples},
                                                          {"empty", SilentFrames::empty_data},
                                                          {"none", SilentFrames::no_data},
                                                          {"unmarked", SilentFrames::not_marked}};
  static const std::map<std::string, MediaReconnect> reconnect{
      {"by-itself", MediaReconnect::by_itself},
      {"when-asked", MediaReconnect::when_asked},
      {"never", MediaReconnect::never}};
  static const std::map<std::string, EventGridSchema> schemas{
      {"event-grid", EventGridSchema::event_grid}, {"cloud-events", EventGridSchema::cloud_events}};
  const auto invalid = [](std::string message) {
    return fail(ErrorKind::invalid, std::move(message));
  };
  if (!silent.contains(options.silent_frames))
    return invalid("--silent-frames: samples, empty, none or unmarked");
  if (!reconnect.contains(options.media_reconnect))
    return invalid("--media-reconnect: by-itself, when-asked or never");
  if (!schemas.contains(options.schema)) return invalid("--schema: event-grid or cloud-events");
  if (options.delay_min_ms < 0 || options.delay_max_ms < options.delay_min_ms ||
      options.delay_max_ms > 60'000)
    return invalid("--delay-min-ms and --delay-max-ms: 0 to 60000, the smaller one first");
  options.acs.silent_frames = silent.at(options.silent_frames);
  options.acs.media_reconnect = reconnect.at(options.media_reconnect);
  options.acs.events.schema = schemas.at(options.schema);
  options.acs.line_delay_min = Duration(static_cast<long long>(options.delay_min_ms * 1000));
  options.acs.line_delay_max = Duration(static_cast<long long>(options.delay_max_ms * 1000));
  if (options.chunk_seconds != 0) {
    if (options.chunk_seconds < 0.1 || options.chunk_seconds > 14'400)
      return invalid("--chunk-seconds: 0.1 to 14400");
    options.acs.chunk_length = Duration(static_cast<long long>(options.chunk_seconds * 1e6));
  }
  for (const auto& text : options.faults) {
    auto rule = parse_fault(text);
    if (!rule) return Failure(rule.error());
    options.acs.faults.push_back(std::move(*rule));
  }
  options.acs.event_grid_url = event_grid_url(options.application, options.event_grid_secret);
  if (auto finished = finish_tls(options); !finished) return finished;
  return finish_resources(options);
}

std::string event_grid_url(const std::string& application, const std::string& secret) {
  auto url = net::parse_url(application);
  if (!url || (url->target != "/" && !url->target.empty())) return application;
  url->target = "/api/incomingCall?secret=" + net::percent_encode(secret);
  return url->text();
}

void print_progress(const ProgressEntry& entry) {
  static const bool colours = isatty(STDERR_FILENO) == 1;
  const char* colour = "";
  if (colours) {
    colour = entry.kind == "barge-in"    ? "\033[33m"
             : entry.kind == "trouble"   ? "\033[31m"
             : entry.kind == "assistant" ? "\033[36m"
             : entry.kind == "speaks"    ? "\033[32m"
                                         : "\033[1m";
  }
  fmt::print(stderr, "{:8.2f} s  {}{:<10}{}  {}\n", static_cast<double>(entry.at.count()) / 1e6,
             colour, entry.kind, colours ? "\033[0m" : "", entry.text);
}

std::vector<std::pair<std::string, std::string>> program_environment(const ProgramOptions& options,
                                                                     const ResourceSet& resources) {
  auto out = resources.environment(
      options.resources_file.empty()
          ? std::string()
          : std::filesystem::absolute(options.resources_file).lexically_normal().string());
  out.emplace_back("AZURE_VOICE_LIVE_ENDPOINT", resources.first().base_url());
  out.emplace_back("AZURE_VOICE_LIVE_API_KEY", options.voice_live.api_key);
  out.emplace_back("EVENT_GRID_SECRET", options.event_grid_secret);
  out.emplace_back("CALLBACK_URI_HOST", options.application);
  return out;
}

Result<void> write_resources_file(const ProgramOptions& options, const ResourceSet& resources) {
  if (options.resources_file.empty()) return ok();
  using std::filesystem::perms;
  std::ofstream file(options.resources_file, std::ios::trunc);
  // An application warns of a file of keys that others can read, though these open nothing.
  std::error_code error;
  std::filesystem::permissions(options.resources_file, perms::owner_read | perms::owner_write,
                               error);
  file << resources.resources_file() << '\n';
  file.close();
  if (file && !error) return ok();
  return fail(ErrorKind::invalid,
              fmt::format("--resources-file: '{}' cannot be written", options.resources_file));
}

Process::Process(const ProgramOptions& options, ProgressSink progress)
    : offload_(net::make_thread_offload(2)),
      log_(options.verbose ? make_process_log({}) : std::make_unique<NullLog>()),
      clock_(net::make_asio_clock()),
      network_(net::make_tcp_network()),
      http_(net::make_http_client(
          *network_, runtime_.worker(0), *clock_,
          {.ca_pem_file = options.ca_file, .user_agent = "azure-simulator/1"})),
      speech_(make_espeak(*offload_)),
      signalled_(clock_->make_signal()),
      tasks_(runtime_.worker(0), *clock_, *log_, "program") {
  SimulatorServices services{*network_, runtime_.worker(0), *clock_, random_,
                             *log_,     counters_,          *http_};
  resources_ = std::make_unique<ResourceSet>(services, options.resources,
                                             [&] { return make_exports(options); });
  VoiceLiveEvents events;
  if (options.verbose)
    events.happened = [](const std::string& session, const std::string& text) {
      fmt::print(stderr, "            voice live {}: {}\n", session, text);
    };
  voice_live_ = make_voice_live_server(runtime_.worker(0), *clock_, random_, *log_, *speech_,
                                       options.voice_live, std::move(events));
  voice_live_->add_routes(resources_->first().router());
  control_ = std::make_unique<ControlApi>(
      services, *resources_, *speech_,
      [this, options] { return program_environment(options, *resources_); }, std::move(progress));
  runtime_.on_termination([this] {
    was_signalled_ = true;
    resources_->begin_stop();
    signalled_->notify();
  });
}

Process::~Process() = default;

std::unique_ptr<ChunkStore> Process::make_exports(const ProgramOptions& options) {
  if (options.storage_connection_string.empty())
    return options.recordings.empty() ? nullptr : make_directory_chunk_store(options.recordings);
  auto account = parse_storage_connection_string(options.storage_connection_string);
  if (!account) throw std::invalid_argument(account.error().message);
  account->create_container = options.create_container;
  account->container_url = options.storage_container_url;
  return make_blob_chunk_store(*http_, *clock_, std::move(*account));
}

Result<void> Process::start() { return resources_->start(); }

Task<void> Process::stop() {
  resources_->begin_stop();
  co_await control_->stop();
  co_await resources_->stop();
  co_await voice_live_->stop();
}

Task<void> Process::wait_for_signal() { co_await signalled_->wait(); }

Task<void> Process::run_and_stop(Task<void> task) {
  co_await std::move(task);
  co_await stop();
  runtime_.stop();
}

void Process::run(Task<void> task) {
  tasks_.spawn(run_and_stop(std::move(task)));
  runtime_.run();
}

void Process::run_until_signal() { run(wait_for_signal()); }

}  // namespace earshot::simulator
