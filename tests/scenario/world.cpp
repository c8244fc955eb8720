#include "tests/scenario/world.hpp"

#include "domain/tap_format.hpp"
#include "recording/wav_reader.hpp"
#include "simulator/wav_file.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace earshot::scenario {

namespace json = boost::json;

namespace {

Task<void> stop_all(std::unique_ptr<app::Service>* service, SteadyTime deadline) {
  co_await (*service)->stop(deadline);
}

// Run by run: it lies in the service's spool until it has gone up to the store of recordings.
// `kind`: "tap" or "ledger".
std::map<int, std::filesystem::path> witness_files(const std::filesystem::path& spool,
                                                   const std::filesystem::path& store,
                                                   const std::string& call,
                                                   const std::string& kind) {
  std::map<int, std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(spool / call, error))
    if (entry.path().extension() == "." + kind)
      found.emplace(std::stoi(entry.path().stem().string()), entry.path());
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().parent_path().filename() == call && name.starts_with(kind + "-"))
      found.emplace(std::stoi(name.substr(kind.size() + 1)), entry.path());
  }
  return found;
}

Task<void> run_placed(simulator::AcsSimulator& acs, simulator::CallPlan plan,
                      std::shared_ptr<PlacedCall> placed) {
  placed->report = co_await acs.place_call(std::move(plan));
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return {text.begin(), text.end()};
}

void add_run(const Bytes& bytes, TapSound& sound) {
  auto reader = TapReader::open(bytes);
  REQUIRE(reader.has_value());
  sound.rate_hz = reader->header().sample_rate_hz;
  while (const auto block = reader->next()) {
    const std::size_t first = std::size_t{block->second} * sound.rate_hz + block->first_frame;
    const std::size_t end = first + block->frames;
    if (sound.caller.size() < end) {
      sound.caller.resize(end);
      sound.assistant.resize(end);
    }
    for (std::size_t i = 0; i < block->frames; ++i) {
      std::memcpy(&sound.caller[first + i], block->samples.data() + 4 * i, 2);
      std::memcpy(&sound.assistant[first + i], block->samples.data() + 4 * i + 2, 2);
    }
  }
  CHECK(reader->bytes_skipped() == 0);
  ++sound.runs;
}

}  // namespace

Task<Result<simulator::Pcm>> NumberedSpeech::speak(simulator::SpeechRequest request) {
  const simulator::ToneSeries series{.party = simulator::Party::assistant,
                                     .first = next_,
                                     .count = tones_a_line,
                                     .rate_hz = request.sample_rate_hz};
  next_ += tones_a_line;
  co_return simulator::make_tones(series);
}

World::World(WorldOptions options)
    : environment_(std::move(options.environment)), data_dir_(directory.path() / "data") {
  http = net::make_http_client(network, runtime.executor(), runtime.clock());
  simulator_http_ = net::make_http_client(network, runtime.executor(), runtime.clock());
  simulator::SimulatorServices services{network, runtime.executor(),  runtime.clock(), random,
                                        log,     simulator_counters_, *simulator_http_};
  options.acs.port = simulator_port;
  if (options.acs.event_grid_url.empty())
    options.acs.event_grid_url =
        fmt::format("{}/api/incomingCall?secret={}", service_url, event_grid_secret);
  const auto folder = directory.path() / "recordings";
  auto exports = options.blob_service ? simulator::make_service_chunk_store(blob_service, container)
                                      : simulator::make_directory_chunk_store(folder.string());
  acs = std::make_unique<simulator::AcsSimulator>(services, options.acs, std::move(exports));
  simulator::VoiceLiveEvents events{.happened = [this](std::string session, std::string what) {
    const auto at = runtime.clock().steady_now() - SteadyTime{1h};
    assistant_events.push_back(
        fmt::format("{:.3f} {} {}", std::chrono::duration<double>(at).count(), session, what));
  }};
  voice_live = simulator::make_voice_live_server(
      runtime.executor(), runtime.clock(), random, log,
      options.speech != nullptr ? *options.speech : speech, options.voice_live, std::move(events));
  voice_live->add_routes(acs->router());
  if (options.blob_service) {
    blob_service.make_container(container);
    blob_service.add_routes(acs->router());
    environment_["AZURE_STORAGE_CONNECTION_STRING"] = simulator::BlobService::connection_string(
        fmt::format("http://127.0.0.1:{}", simulator_port));
    environment_["AZURE_STORAGE_CONTAINER"] = container;
    environment_["AZURE_STORAGE_FOLDER"] = "";
  }
  REQUIRE(acs->start().has_value());
  if (options.second) start_second(options, services, folder.string());
  const std::map<std::string, std::string> own{
      {"AZURE_VOICE_LIVE_ENDPOINT", acs->base_url()},
      {"AZURE_VOICE_LIVE_API_KEY", options.voice_live.api_key},
      {"EVENT_GRID_SECRET", event_grid_secret},
      {"CALLBACK_URI_HOST", service_url},
      {"EARSHOT_API_KEY", api_key},
      {"PORT", std::to_string(service_port)},
      {"AZURE_STORAGE_FOLDER", folder.string()},
      {"TURN_DETECTION", "server_vad"}};
  for (const auto& [name, value] : acs->environment()) environment_.emplace(name, value);
  for (const auto& [name, value] : own) environment_.emplace(name, value);
  start_service();
}

// As the operator would: the first resource stays in the variables and gets a label and its id, the
// second stands in a file.
void World::start_second(WorldOptions& options, simulator::SimulatorServices services,
                         const std::string& folder) {
  auto& acs_options = *options.second;
  acs_options.port = second_port;
  acs_options.access_key_base64 = "ZWFyc2hvdC1zaW11bGF0b3ItYWNjZXNzLWtleS0wMDI=";
  acs_options.identity.audience = "0a1b2c3d-0000-4000-8000-000000000002";
  acs_options.events.topic += "-jpe";
  acs_options.event_grid_url = options.acs.event_grid_url;
  second = std::make_unique<simulator::AcsSimulator>(services, acs_options,
                                                     simulator::make_directory_chunk_store(folder));
  REQUIRE(second->start().has_value());
  std::map<std::string, std::string> told;
  for (const auto& [name, value] : second->environment()) told.emplace(name, value);
  const auto& id = options.second_id.empty() ? second->options().events.topic : options.second_id;
  json::object resource;
  resource["label"] = "jpe";
  resource["resourceId"] = id;
  resource["connectionString"] = told.at("ACS_CONNECTION_STRING");
  resource["tokenAudience"] = told.at("ACS_TOKEN_AUDIENCE");
  resource["tokenIssuer"] = told.at("ACS_TOKEN_ISSUER");
  resource["openIdConfigUrl"] = told.at("ACS_OPENID_CONFIG_URL");
  json::array resources;
  resources.push_back(std::move(resource));
  json::object file;
  file["resources"] = std::move(resources);
  const auto path = directory.path() / "resources.json";
  std::ofstream(path) << json::serialize(file);
  environment_.emplace("ACS_RESOURCES_FILE", path.string());
  environment_.emplace("ACS_LABEL", "weu");
  environment_.emplace("ACS_RESOURCE_ID", acs->options().events.topic);
  environment_.emplace("RECORDING_DOWNLOAD_HOSTS",
                       fmt::format("127.0.0.1:{},127.0.0.1:{}", simulator_port, second_port));
}

World::~World() {
  if (service) stop_service();
  runtime.run(voice_live->stop());
  runtime.run(acs->stop());
  if (second) runtime.run(second->stop());
  runtime.run(calls_.join());
}

app::Config World::config() const {
  app::Environment environment(environment_.begin(), environment_.end());
  environment["EARSHOT_DATA_DIR"] = data_dir_.string();
  auto loaded = app::load_config(environment, {});
  const std::string faults =
      loaded.faults.empty() ? std::string() : app::describe_faults(loaded.faults);
  REQUIRE_MESSAGE(loaded.faults.empty(), faults);
  return std::move(loaded.config);
}

void World::start_service() {
  app::Outside outside{.network = network,
                       .workers = {&runtime.executor()},
                       .clock = runtime.clock(),
                       .random = random,
                       .log = log,
                       .counters = service_counters_,
                       .offload = offload_,
                       .tap_run_bytes_waiting_max = std::size_t{64} << 20};
  auto started = runtime.run_for(app::start_service(config(), std::move(outside)));
  REQUIRE_MESSAGE(started.has_value(), (started ? std::string() : started.error().message));
  service = std::move(*started);
}

void World::stop_service() {
  runtime.run(stop_all(&service, runtime.clock().steady_now()));
  service.reset();
}

simulator::CallReport World::call(simulator::CallPlan plan, simulator::ProgressSink progress) {
  return runtime.run_for(acs->place_call(std::move(plan), std::move(progress)), 2h);
}

std::shared_ptr<PlacedCall> World::place(simulator::CallPlan plan, simulator::AcsSimulator& on) {
  auto placed = std::make_shared<PlacedCall>();
  calls_.spawn(run_placed(on, std::move(plan), placed));
  return placed;
}

simulator::CallReport World::finish(const std::shared_ptr<PlacedCall>& placed) {
  wait_until([&] { return placed->report.has_value(); });
  return *placed->report;
}

void World::wait_until(const std::function<bool()>& condition, Duration limit) {
  const SteadyTime end = runtime.clock().steady_now() + limit;
  while (!condition()) {
    REQUIRE(runtime.clock().steady_now() < end);
    runtime.advance(500ms);
  }
}

void World::wait_until_all_found(std::size_t count) {
  wait_until([&] {
    const auto all = recordings();
    return all.size() == count && std::ranges::all_of(all, [](const json::value& one) {
             return text(one.as_object(), "discovery") == "found";
           });
  });
}

Reply World::request(net::HttpCall call) {
  auto reply = runtime.run_for(http->send(std::move(call)));
  REQUIRE_MESSAGE(reply.has_value(), (reply ? std::string() : reply.error().message));
  return {reply->status, std::move(reply->body), std::move(reply->headers)};
}

Reply World::api(const std::string& target, const std::string& method) {
  net::HttpCall call{.method = method, .url = service_url + target};
  call.headers.set("Authorization", std::string("Bearer ") + api_key);
  call.response_bytes_max = std::size_t{256} << 20;
  return request(std::move(call));
}

json::object World::newest_call() {
  const Reply reply = api("/api/v1/calls?limit=1");
  REQUIRE(reply.status == 200);
  const json::value body = reply.json();
  REQUIRE_FALSE(body.at("calls").as_array().empty());
  return body.at("calls").as_array().front().as_object();
}

json::array World::turns(const std::string& call_id) {
  const std::string id = call_id.empty() ? newest_call_id() : call_id;
  const Reply reply = api("/api/v1/calls/" + id + "/turns");
  REQUIRE(reply.status == 200);
  return reply.json().at("turns").as_array();
}

json::array World::journal_entries(const std::string& call_id) {
  const std::string id = call_id.empty() ? newest_call_id() : call_id;
  const Reply reply = api("/api/v1/calls/" + id + "/journal");
  REQUIRE(reply.status == 200);
  return reply.json().at("journal").as_array();
}

std::vector<std::string> World::journal(const std::string& call_id) {
  std::vector<std::string> types;
  for (const auto& entry : journal_entries(call_id))
    types.push_back(text(entry.as_object(), "type"));
  return types;
}

json::object World::verdict(int number, Duration limit) {
  const auto path = fmt::format("/api/v1/calls/{}/verdict?number={}", newest_call_id(), number);
  wait_until([&] { return api(path).status == 200; }, limit);
  return api(path).json().as_object();
}

json::object World::timeline(int number) {
  const Reply reply =
      api(fmt::format("/api/v1/calls/{}/timeline?number={}", newest_call_id(), number));
  REQUIRE(reply.status == 200);
  return reply.json().as_object();
}

json::array World::recordings() {
  const Reply reply = api("/api/v1/recordings");
  REQUIRE(reply.status == 200);
  return reply.json().at("recordings").as_array();
}

json::object World::recording(const std::string& recording_id) {
  const Reply reply = api("/api/v1/recordings/" + recording_id);
  REQUIRE(reply.status == 200);
  return reply.json().as_object();
}

Reply World::recording_audio(const std::string& recording_id) {
  std::string id = recording_id;
  if (id.empty()) {
    const auto all = recordings();
    REQUIRE_FALSE(all.empty());
    id = text(all.front().as_object(), "recordingId");
  }
  return api("/api/v1/recordings/" + id + "/audio");
}

TapSound World::tap(const std::string& call_id) {
  const std::string call = call_id.empty() ? newest_call_id() : call_id;
  stop_service();
  TapSound sound;
  for (const auto& [run, file] :
       witness_files(data_dir_ / "tap", directory.path() / "recordings", call, "tap"))
    add_run(read_file(file), sound);
  REQUIRE(sound.runs > 0);
  start_service();
  return sound;
}

Ledgers World::ledgers(const std::string& call_id) {
  const std::string call = call_id.empty() ? newest_call_id() : call_id;
  stop_service();
  Ledgers ledgers;
  for (const auto& [run, file] :
       witness_files(data_dir_ / "tap", directory.path() / "recordings", call, "ledger")) {
    auto contents = read_ledger(read_file(file));
    REQUIRE(contents.has_value());
    CHECK(contents->records_corrupt == 0);
    ledgers.push_back(std::move(*contents));
  }
  start_service();
  return ledgers;
}

std::string World::text(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::vector<std::int16_t> StoredSound::channel(std::size_t number) const {
  std::vector<std::int16_t> one(samples.size() / channels);
  for (std::size_t i = 0; i < one.size(); ++i) one[i] = samples[i * channels + number];
  return one;
}

StoredSound read_wav(const std::string& wav, std::size_t channels) {
  recording::WavReader reader(wav.size());
  const ByteView bytes = as_bytes(wav);
  while (const auto range = reader.wanted())
    REQUIRE(reader.feed(bytes.subspan(range->offset, range->length)).has_value());
  const auto& layout = reader.layout();
  CHECK(layout.format.bits_per_sample == 16);
  REQUIRE(layout.format.channels == channels);
  CHECK(layout.bytes_missing == 0);
  CHECK_FALSE(layout.length_unknown);
  // Whatever the number of chunks, there is one header, and nothing behind the samples.
  CHECK(layout.data_offset + layout.data_bytes == wav.size());
  StoredSound sound{.rate_hz = layout.format.sample_rate_hz, .samples = {}, .channels = channels};
  sound.samples.resize(layout.data_bytes / 2);
  std::memcpy(sound.samples.data(), wav.data() + layout.data_offset, layout.data_bytes);
  return sound;
}

StoredSound read_mp3(World& world, const std::string& mp3) {
  const auto path = world.directory.path() / "download.mp3";
  std::ofstream(path, std::ios::binary) << mp3;
  auto sound = simulator::read_sound_file(path.string());
  REQUIRE_MESSAGE(sound.has_value(), (sound ? std::string() : sound.error().message));
  return {.rate_hz = sound->rate_hz, .samples = std::move(sound->samples)};
}

simulator::CallerUtterance say_tones(simulator::CallerStart start, Duration delay, unsigned first,
                                     unsigned count) {
  return {.start = start,
          .delay = delay,
          .samples = simulator::make_tones({.first = first, .count = count}),
          .label = fmt::format("tones {}", first)};
}

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

double spoken_at_s(const simulator::CallReport& report, const std::string& label) {
  const Duration connected = report.connected_at - report.placed_at;
  for (const auto& entry : report.progress)
    // Said at the end of the frame that it begins with.
    if (entry.kind == "speaks" && entry.text == "caller: " + label)
      return seconds(entry.at - connected - 20ms);
  FAIL("the caller never said ", label);
  return 0;
}

double played_at_s(const simulator::CallReport& report, std::int64_t sample) {
  for (const auto& run : report.played_runs) {
    if (sample < run.samples)
      return static_cast<double>(run.first_sample + sample) / report.rate_hz;
    sample -= run.samples;
  }
  FAIL("the phone never played that sample");
  return 0;
}

}  // namespace earshot::scenario
