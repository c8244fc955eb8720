#include "app/service.hpp"

#include "acs/event_replay.hpp"
#include "alerts/alert_outbox.hpp"
#include "alerts/alert_post.hpp"
#include "api/alert_routes.hpp"
#include "api/file_routes.hpp"
#include "api/import_routes.hpp"
#include "api/link_routes.hpp"
#include "api/merge_routes.hpp"
#include "api/region_routes.hpp"
#include "api/rest_api.hpp"
#include "api/transcript_routes.hpp"
#include "app/acs_clients.hpp"
#include "app/alerts.hpp"
#include "app/data_folder.hpp"
#include "app/link_secrets.hpp"
#include "app/options.hpp"
#include "app/retention.hpp"
#include "app/signing_key.hpp"
#include "app/storage.hpp"
#include "app/version.hpp"
#include "app/worker.hpp"
#include "bridge/call_bridge.hpp"
#include "calls/call_director.hpp"
#include "calls/dead_letters.hpp"
#include "calls/inbox.hpp"
#include "calls/region_reports.hpp"
#include "jobs/job_runner.hpp"
#include "mp3/mp3_decoder.hpp"
#include "net/hop.hpp"
#include "recording/byos_chunk_source.hpp"
#include "recording/downlink_estimate.hpp"
#include "recording/file_watch.hpp"
#include "recording/importing/recording_importer.hpp"
#include "recording/merges.hpp"
#include "recording/recording_discovery.hpp"
#include "recording/recording_fetch.hpp"
#include "recording/recording_merger.hpp"
#include "recording/recording_queries.hpp"
#include "recording/tap_retention.hpp"
#include "recording/tap_uploader.hpp"
#include "recording/verification/call_verifier.hpp"
#include "recording/verification/verdict_reconciler.hpp"
#include "store/event_spool.hpp"
#include "store/sql_store.hpp"
#include "store/tap_spool_files.hpp"

#include <fmt/format.h>

namespace earshot::app {
namespace {

constexpr std::size_t known_calls_max = 50'000;
constexpr std::size_t notes_max = 20'000;

// Members stand in the order in which they are made; each refers only to those above it.
class RunningService : public Service {
 public:
  RunningService(Config config, Outside outside)
      : config_(std::move(config)),
        outside_(std::move(outside)),
        told_alerts_(outside_.log, outside_.counters),
        alerts_({told_alerts_, control(), outside_.clock, outside_.counters, outside_.log}),
        quota_(static_cast<std::size_t>(config_.voice_live_connects_per_minute)),
        known_(known_calls_max),
        tasks_(control(), outside_.clock, outside_.log, "service") {}

  Task<Result<void>> start() {
    // Before anything is touched that a service which runs already may be using.
    if (auto free = check_address(); !free) co_return free;
    if (auto made = open_storage(); !made) co_return made;
    if (auto made = make_workers(); !made) co_return made;
    if (auto made = make_calls(); !made) co_return made;
    make_recording();
    if (auto made = make_alerts(); !made) co_return made;
    make_api();
    auto began = co_await begin();
    if (!began) co_await abandon();
    co_return began;
  }

  std::uint16_t port() const override { return workers_.front()->port(); }

  // Calls first, while the doors are still open for their callbacks; then the doors; then what the
  // calls left to write.
  Task<void> stop(SteadyTime deadline) override {
    stopping_ = true;
    outside_.log.info("draining", {{"calls", director_->calls_open()}});
    co_await director_->stop(deadline);
    const SteadyTime doors_deadline = outside_.clock.steady_now() + 5s;
    for (auto& worker : workers_)
      co_await net::run_on(worker->executor(), worker->close(doors_deadline));
    co_await inbox_->stop();
    fetch_->stop();
    merger_->stop();
    importer_->stop();
    alert_post_->stop();
    co_await jobs_->stop(outside_.clock.steady_now() + 10s);
    co_await notes_->stop();
    co_await tap_spool_->flush();
    taps_->stop();
    tap_retention_->stop();
    retention_->stop();
    downlink_->stop();
    reconciler_->stop();
    if (dead_letters_) dead_letters_->stop();
    alerts_.stop();
    co_await tasks_.join();
    outside_.log.info("stopped");
  }

 private:
  // The doors first: a process whose port is taken, by one that still runs perhaps, must not touch
  // that one's calls. What comes in meanwhile is stored, and waits for the director.
  Task<Result<void>> begin() {
    notes_->start();
    co_await downlink_->refresh();
    if (auto opened = co_await open_doors(); !opened) co_return opened;
    if (auto started = co_await director_->start(); !started)
      co_return fail("taking up open calls", started.error());
    inbox_->start();
    tasks_.spawn(alerts_.run(store_.get()));
    tasks_.spawn(jobs_->run());
    tasks_.spawn(taps_->run());
    tasks_.spawn(tap_retention_->run());
    tasks_.spawn(retention_->run());
    tasks_.spawn(downlink_->run());
    tasks_.spawn(reconciler_->run());
    if (dead_letters_) tasks_.spawn(dead_letters_->run());
    started_ = true;
    outside_.log.info("serving", {{"address", config_.listen_address},
                                  {"port", port()},
                                  {"workers", workers_.size()},
                                  {"version", version}});
    co_return ok();
  }

  // Ends what a start that failed had begun; the calls go on without us.
  Task<void> abandon() {
    stopping_ = true;
    co_await director_->abandon();
    for (auto& worker : workers_)
      co_await net::run_on(worker->executor(), worker->close(outside_.clock.steady_now()));
    co_await notes_->stop();
  }

  Executor& control() { return *outside_.workers.front(); }

  // Listens unshared for a moment: shared listeners would also share with another service that is
  // there already, which would get half of the calls.
  Result<void> check_address() {
    auto listener = outside_.network.listen(config_.listen_address, config_.port, false);
    if (listener) return ok();
    return fail(fmt::format("listening on {}:{}", config_.listen_address, config_.port),
                listener.error());
  }

  Result<void> open_storage() {
    auto claimed = DataFolder::claim(config_.data_dir);
    if (!claimed) return Failure(claimed.error());
    data_folder_ = std::move(*claimed);
    const auto& folder = data_folder_.path();
    store::SqlStoreOptions database{
        .connection = config_.database_url.empty() ? "sqlite://" + (folder / "earshot.db").string()
                                                   : config_.database_url,
        .statement_timeout = config_.database_timeout};
    auto store = store::make_sql_store(database, outside_.offload, outside_.random, outside_.log,
                                       outside_.counters);
    if (!store) return fail("database", store.error());
    store_ = std::move(*store);
    auto key = load_signing_key(config_, folder);
    if (!key) return Failure(key.error());
    signing_key_ = std::move(*key);
    auto secrets = load_link_secrets(config_, folder);
    if (!secrets) return Failure(secrets.error());
    signed_links_ = std::make_unique<api::SignedLinks>(*secrets, config_.callback_uri_host,
                                                       outside_.clock, outside_.counters);
    store::EventSpoolOptions events{.file = folder / "events.spool"};
    auto event_spool = store::make_event_spool(
        events, outside_.spool_offload ? *outside_.spool_offload : outside_.offload, outside_.log,
        outside_.counters);
    if (!event_spool) return fail("event spool", event_spool.error());
    event_spool_ = std::move(*event_spool);
    store::TapSpoolOptions taps{.directory = folder / "tap",
                                .run_bytes_waiting_max = outside_.tap_run_bytes_waiting_max,
                                .disk_bytes_max = config_.tap_spool_max_mb << 20,
                                .disk_free_min = config_.tap_spool_free_min_mb << 20};
    auto tap_spool = store::make_tap_spool_files(taps, outside_.offload, outside_.clock,
                                                 outside_.log, outside_.counters, &alerts_);
    if (!tap_spool) return fail("tap spool", tap_spool.error());
    tap_spool_ = std::move(*tap_spool);
    return ok();
  }

  Result<void> make_workers() {
    net::TlsClientOptions trusting{.ca_pem_file = config_.ca_file};
    auto tls_client = net::make_tls_client(trusting);
    if (!tls_client) return fail("EARSHOT_CA_FILE", tls_client.error());
    std::shared_ptr<net::TlsContext> tls_server;
    if (!config_.tls_certificate_file.empty()) {
      net::TlsServerOptions serving{.certificate_chain_pem_file = config_.tls_certificate_file,
                                    .private_key_pem_file = config_.tls_key_file};
      auto made = net::make_tls_server(serving);
      if (!made) return fail("TLS_CERTIFICATE_FILE", made.error());
      tls_server = std::move(*made);
    }
    for (Executor* executor : outside_.workers) {
      WorkerShared shared{config_, outside_, *tls_client, tls_server, quota_};
      auto worker = Worker::make(std::move(shared), *executor);
      if (!worker) return Failure(worker.error());
      workers_.push_back(std::move(*worker));
    }
    return ok();
  }

  Result<void> make_calls() {
    Worker& first = *workers_.front();
    auto storage = make_storage(config_, first.http(), first.tokens(), outside_);
    if (!storage) return Failure(storage.error());
    blobs_ = std::move(storage->blobs);
    blob_links_ = std::move(storage->links);
    letters_ = std::move(storage->dead_letters);
    calls::CallNotesServices noting{control(), outside_.clock, outside_.log, outside_.counters,
                                    *store_};
    notes_ = std::make_unique<calls::CallNotes>(noting, notes_max);

    const acs::CallAutomationServices asking{.http = first.http(),
                                             .clock = outside_.clock,
                                             .random = outside_.random,
                                             .log = outside_.log,
                                             .counters = outside_.counters,
                                             .diagnostics = notes_.get(),
                                             .tokens = first.tokens()};
    auto acs = AcsClients::make(config_, asking);
    if (!acs) return Failure(acs.error());
    acs_ = std::move(*acs);

    downlink_ = std::make_unique<recording::DownlinkEstimate>(
        *store_, outside_.clock, outside_.counters, outside_.log, downlink_options(config_));
    auto options = calls_options(config_, storage->container_url);
    if (!options) return Failure(options.error());
    std::vector<calls::WorkerServices> bridging;
    bridging.reserve(workers_.size());
    for (auto& worker : workers_) bridging.push_back({worker->executor(), worker->assistant()});
    calls::CallServices services{.control = control(),
                                 .clock = outside_.clock,
                                 .random = outside_.random,
                                 .log = outside_.log,
                                 .counters = outside_.counters,
                                 .store = *store_,
                                 .acs = *acs_,
                                 .alerts = alerts_,
                                 .tap_spool = *tap_spool_,
                                 .known = known_,
                                 .notes = *notes_,
                                 .workers = std::move(bridging),
                                 .make_bridge = bridge_factory()};
    director_ = std::make_unique<calls::CallDirector>(std::move(services), std::move(*options));
    calls::InboxServices receiving{control(), outside_.clock, outside_.log, outside_.counters,
                                   *store_,   *event_spool_,  known_,       *director_};
    inbox_ = std::make_unique<calls::Inbox>(receiving);
    replay_ = std::make_unique<acs::DecodedEventReplay>(*inbox_);
    if (letters_)
      dead_letters_ = std::make_unique<calls::DeadLetters>(*letters_, *replay_, outside_.clock,
                                                           outside_.counters, outside_.log);
    return ok();
  }

  // Each new bridge takes the delay to the caller's ear as it was measured until then.
  calls::BridgeFactory bridge_factory() {
    return [this](BridgeServices services, const BridgeOptions& options, BridgeStart start,
                  BridgeObserver& observer) {
      BridgeOptions measured = options;
      measured.downlink_estimate = downlink_->current();
      return make_call_bridge(services, measured, std::move(start), observer);
    };
  }

  void make_recording() {
    conversion_ = std::make_unique<recording::AudioConversion>(mp3_, outside_.offload);
    chunks_ = std::make_unique<recording::ByosChunkSource>(
        *blobs_, *store_, outside_.clock, outside_.offload, outside_.counters, outside_.log,
        recording::ByosOptions{}, store_.get(), store_.get());
    recording::RecordingFetchServices fetching{
        *store_, *store_, *acs_, *blobs_, alerts_, outside_.clock, outside_.counters, outside_.log};
    fetch_ =
        std::make_unique<recording::RecordingFetch>(fetching, recording_fetch_options(config_));
    file_watch_ = std::make_unique<recording::FileWatch>(*store_, *store_, alerts_, outside_.clock,
                                                         outside_.counters, outside_.log,
                                                         file_watch_options(config_));
    discovery_ = std::make_unique<recording::RecordingDiscovery>(
        *store_, *chunks_, alerts_, outside_.clock, outside_.counters, outside_.log,
        discovery_options(config_));
    auto verifying = verifier_options(config_);
    recording::ImportServices importing{*store_,           *store_,        *store_,
                                        *store_,           outside_.clock, outside_.random,
                                        outside_.counters, outside_.log};
    imports_ = std::make_unique<recording::Imports>(importing);
    importer_ = std::make_unique<recording::RecordingImporter>(
        importing, *blobs_, recording::ImporterOptions{.thresholds = verifying.thresholds});
    verifying.manifest_key = signing_key_;
    verifying.software = fmt::format("earshot {}", version);
    verifier_ = std::make_unique<recording::CallVerifier>(
        recording::VerifierServices{*store_, *chunks_, *tap_spool_, *blobs_, *store_, alerts_,
                                    outside_.clock, outside_.counters, outside_.log,
                                    outside_.offload, downlink_.get(), conversion_.get()},
        std::move(verifying));
    recording::ReconcilerOptions reconciling{.overdue_after = config_.verdict_after + 5min};
    reconciler_ = std::make_unique<recording::VerdictReconciler>(
        *store_, alerts_, outside_.clock, outside_.counters, outside_.log, reconciling);
    second_copies_ = std::make_unique<recording::SecondCopies>(*store_, *chunks_, outside_.clock);
    const recording::AudioOpener::Services opening{.store = *store_,
                                                   .chunks = *chunks_,
                                                   .blobs = *blobs_,
                                                   .spool = *tap_spool_,
                                                   .second_copies = second_copies_.get()};
    queries_ = std::make_unique<recording::RecordingQueries>(opening);
    make_merges(opening);
    taps_ = std::make_unique<recording::TapUploader>(
        *tap_spool_, *blobs_, *store_, *store_, outside_.clock, outside_.counters, outside_.log);
    recording::TapRetentionOptions keeping{.keep_days = config_.tap_retention_days,
                                           .rules = config_.retention.rules};
    tap_retention_ = std::make_unique<recording::TapRetention>(*blobs_, *store_, *store_,
                                                               outside_.clock, outside_.counters,
                                                               outside_.log, std::move(keeping));
    jobs::JobRunnerOptions running{.runner = make_uuid(outside_.random)};
    jobs_ = std::make_unique<jobs::JobRunner>(*store_, control(), outside_.clock, outside_.random,
                                              outside_.log, outside_.counters, running);
    store_->on_jobs_added([this] { jobs_->wake(); });
    recording::RetentionServices retaining{
        *store_,        *store_,           *store_,      *store_, *blobs_,      *tap_spool_,
        outside_.clock, outside_.counters, outside_.log, *store_, chunks_.get()};
    retention_ =
        std::make_unique<Retention>(config_, retaining, outside_.random, signing_key_, *jobs_);
    jobs_->handle(recording::discover_recording_job,
                  [this](Job job) { return discovery_->run(std::move(job)); });
    jobs_->handle(recording::verify_call_job,
                  [this](Job job) { return verifier_->run(std::move(job)); });
    jobs_->handle(recording::fetch_recording_job,
                  [this](Job job) { return fetch_->run(std::move(job)); });
    jobs_->handle(recording::watch_recording_files_job,
                  [this](Job job) { return file_watch_->run(std::move(job)); });
    jobs_->handle(recording::merge_recording_job,
                  [this](Job job) { return merger_->run(std::move(job)); });
    jobs_->handle(recording::import_recordings_job,
                  [this](Job job) { return importer_->run(std::move(job)); });
  }

  // Unlike a view, a merge may take its time over what it reads.
  void make_merges(recording::AudioOpener::Services opening) {
    opening.conversion = conversion_.get();
    merge_opener_ = std::make_unique<recording::AudioOpener>(opening);
    const recording::MergeServices merging{*store_,           *store_,     *queries_,
                                           *merge_opener_,    *blobs_,     outside_.clock,
                                           outside_.counters, outside_.log};
    merges_ = std::make_unique<recording::Merges>(merging);
    merger_ = std::make_unique<recording::RecordingMerger>(merging, outside_.offload);
  }

  Result<void> make_alerts() {
    auto options = alert_delivery_options(config_);
    if (!options) return Failure(options.error());
    alerts::DeliveryServices services{*store_,         workers_.front()->http(), outside_.clock,
                                      outside_.random, outside_.counters,        outside_.log};
    alert_post_ = std::make_unique<alerts::AlertPost>(services, std::move(*options));
    jobs_->handle(deliver_alert_job, [this](Job job) { return alert_post_->run(std::move(job)); });
    return ok();
  }

  void make_api() {
    api::RestApiServices services{
        .store = *store_,
        .lists = *store_,
        .counters = outside_.counters,
        .log = outside_.log,
        .operations = *director_,
        .recordings = *queries_,
        .verifier = *verifier_,
        .manifest_public_keys = manifest_public_keys(signing_key_, config_),
        .not_ready =
            [this] {
              return stopping_  ? "the service is draining"
                     : started_ ? ""
                                : "the service is starting";
            },
        .links = signed_links_.get()};
    api_ =
        std::make_unique<api::RestApi>(std::move(services), config_.api_key, std::string(version));
    api::FileRoutesServices keeping{
        *store_,        *store_,           *replay_,    dead_letters_.get(),
        outside_.clock, outside_.counters, outside_.log};
    file_routes_ = std::make_unique<api::FileRoutes>(keeping, config_.api_key);
    merge_routes_ = std::make_unique<api::MergeRoutes>(*merges_, config_.api_key, outside_.counters,
                                                       outside_.log, signed_links_.get());
    const api::LinkRoutesServices linking{*store_,           *queries_,      *merges_,
                                          *blob_links_,      *signed_links_, outside_.clock,
                                          outside_.counters, outside_.log};
    link_routes_ = std::make_unique<api::LinkRoutes>(linking, config_.api_key, config_.link_max);
    import_routes_ = std::make_unique<api::ImportRoutes>(*imports_, config_.api_key,
                                                         outside_.counters, outside_.log);
    const api::TranscriptRoutesServices reading{*store_, *store_, outside_.counters, outside_.log};
    transcript_routes_ = std::make_unique<api::TranscriptRoutes>(reading, config_.api_key);
    api::AlertRoutesServices alerting{*store_, outside_.clock, outside_.counters, outside_.log};
    alert_routes_ = std::make_unique<api::AlertRoutes>(alerting, config_.api_key);
    calls::RegionReportsOptions reporting{.first_label = config_.acs_resources.front().label};
    region_reports_ = std::make_unique<calls::RegionReports>(*store_, std::move(reporting));
    region_routes_ = std::make_unique<api::RegionRoutes>(*region_reports_, config_.api_key,
                                                         outside_.clock, outside_.counters);
  }

  // The first worker takes the port; the others share it.
  Task<Result<void>> open_doors() {
    std::uint16_t port = config_.port;
    for (auto& worker : workers_) {
      const Result<void> listening =
          co_await net::run_on_for(worker->executor(), listen_on(worker.get(), port));
      if (!listening)
        co_return fail(fmt::format("listening on {}:{}", config_.listen_address, port),
                       listening.error());
      port = workers_.front()->port();
    }
    co_return ok();
  }

  Task<Result<void>> listen_on(Worker* worker, std::uint16_t port) {
    const auto add_routes = [this](net::Router& router) {
      const auto on_control = [this](net::HttpHandler handler) {
        return net::on_executor(control(), std::move(handler));
      };
      api_->add_routes(router, on_control);
      file_routes_->add_routes(router, on_control);
      merge_routes_->add_routes(router, on_control);
      link_routes_->add_routes(router, on_control);
      import_routes_->add_routes(router, on_control);
      transcript_routes_->add_routes(router, on_control);
      alert_routes_->add_routes(router, on_control);
      retention_->add_routes(router, on_control);
      region_routes_->add_routes(router, on_control);
    };
    co_return worker->listen(*inbox_, *director_, port, add_routes);
  }

  Config config_;
  Outside outside_;
  LogAlertSink told_alerts_;
  alerts::AlertOutbox alerts_;
  voice_live::ConnectQuota quota_;
  calls::KnownCalls known_;
  DataFolder data_folder_;
  recording::ManifestKey signing_key_;
  std::unique_ptr<api::SignedLinks> signed_links_;
  std::unique_ptr<store::SqlStore> store_;
  std::unique_ptr<EventSpool> event_spool_;
  std::unique_ptr<TapSpool> tap_spool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<BlobLinks> blob_links_;
  std::unique_ptr<BlobStore> letters_;  // none: not configured
  std::unique_ptr<calls::CallNotes> notes_;
  std::unique_ptr<AcsClients> acs_;
  std::unique_ptr<recording::DownlinkEstimate> downlink_;
  std::unique_ptr<calls::CallDirector> director_;
  std::unique_ptr<calls::Inbox> inbox_;
  std::unique_ptr<EventReplay> replay_;
  std::unique_ptr<calls::DeadLetters> dead_letters_;  // none: not configured
  mp3::Mp3Decoders mp3_;
  std::unique_ptr<recording::AudioConversion> conversion_;
  std::unique_ptr<recording::ByosChunkSource> chunks_;
  std::unique_ptr<recording::RecordingDiscovery> discovery_;
  std::unique_ptr<recording::CallVerifier> verifier_;
  std::unique_ptr<recording::VerdictReconciler> reconciler_;
  std::unique_ptr<recording::RecordingFetch> fetch_;
  std::unique_ptr<recording::FileWatch> file_watch_;
  std::unique_ptr<recording::RecordingQueries> queries_;
  std::unique_ptr<recording::SecondCopies> second_copies_;
  std::unique_ptr<recording::AudioOpener> merge_opener_;
  std::unique_ptr<recording::Merges> merges_;
  std::unique_ptr<recording::RecordingMerger> merger_;
  std::unique_ptr<recording::Imports> imports_;
  std::unique_ptr<recording::RecordingImporter> importer_;
  std::unique_ptr<recording::TapUploader> taps_;
  std::unique_ptr<recording::TapRetention> tap_retention_;
  std::unique_ptr<jobs::JobRunner> jobs_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<alerts::AlertPost> alert_post_;
  std::unique_ptr<api::RestApi> api_;
  std::unique_ptr<api::FileRoutes> file_routes_;
  std::unique_ptr<api::MergeRoutes> merge_routes_;
  std::unique_ptr<api::LinkRoutes> link_routes_;
  std::unique_ptr<api::ImportRoutes> import_routes_;
  std::unique_ptr<api::TranscriptRoutes> transcript_routes_;
  std::unique_ptr<api::AlertRoutes> alert_routes_;
  std::unique_ptr<calls::RegionReports> region_reports_;
  std::unique_ptr<api::RegionRoutes> region_routes_;
  TaskGroup tasks_;
  bool started_ = false;
  bool stopping_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<Service>>> start_service(Config config, Outside outside) {
  auto service = std::make_unique<RunningService>(std::move(config), std::move(outside));
  if (auto started = co_await service->start(); !started) co_return Failure(started.error());
  co_return std::unique_ptr<Service>(std::move(service));
}

}  // namespace earshot::app
