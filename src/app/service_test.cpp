#include "app/service.hpp"

#include "net/testing/memory_network.hpp"
#include "net/testing/test_runtime.hpp"
#include "tests/contract/temporary_directory.hpp"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

using namespace earshot;
using namespace earshot::app;

namespace {

struct Site {
  Result<std::unique_ptr<Service>> start(const std::string& data_dir = "data",
                                         const std::string& port = "8080") {
    const Environment environment{
        {"ACS_CONNECTION_STRING", "endpoint=http://127.0.0.1:7788/;accesskey=MDEyMzQ1Njc4OWFi"},
        {"CALLBACK_URI_HOST", "http://127.0.0.1:8080"},
        {"AZURE_VOICE_LIVE_ENDPOINT", "http://127.0.0.1:7788"},
        {"AZURE_VOICE_LIVE_API_KEY", "0123456789abcdef"},
        {"ACS_TOKEN_AUDIENCE", "0a1b2c3d-0000-4000-8000-000000000001"},
        {"EVENT_GRID_SECRET", "0123456789abcdef"},
        {"EARSHOT_API_KEY", "0123456789abcdef0123"},
        {"LISTEN_ADDRESS", "127.0.0.1"},
        {"PORT", port},
        {"EARSHOT_DATA_DIR", (directory.path() / data_dir).string()},
        {"AZURE_STORAGE_FOLDER", storage_folder}};
    auto loaded = load_config(environment, {});
    REQUIRE(loaded.faults.empty());
    Outside outside{.network = network,
                    .workers = {&runtime.executor()},
                    .clock = runtime.clock(),
                    .random = random,
                    .log = log,
                    .counters = counters,
                    .offload = offload};
    return runtime.run_for(start_service(std::move(loaded.config), std::move(outside)));
  }
  static Task<void> stop_now(Service* service, SteadyTime now) { return service->stop(now); }
  void stop(std::unique_ptr<Service> service) {
    runtime.run(stop_now(service.get(), runtime.clock().steady_now()));
  }

  std::string storage_folder;  // "": in the data directory
  contract::TemporaryDirectory directory;
  net::TestRuntime runtime;
  net::MemoryNetwork network;
  SeededRandom random{7};
  MemoryLog log;
  Counters counters;
  InlineOffload offload;
};

}  // namespace

TEST_CASE("a service whose port is taken says so before it has begun anything") {
  Site site;
  const auto taken = site.network.listen("127.0.0.1", 8080, true);
  REQUIRE(taken.has_value());

  const auto started = site.start();

  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().message.find("listening on 127.0.0.1:8080") != std::string::npos);
  // What has begun by then would go on without the service that it belongs to.
  CHECK_FALSE(site.log.contains("destroyed with tasks running"));
  CHECK_FALSE(std::filesystem::exists(site.directory.path() / "data"));
}

TEST_CASE("a data directory has one service") {
  Site site;
  auto first = site.start("data", "8080");
  REQUIRE(first.has_value());

  const auto second = site.start("data", "8081");
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().kind == ErrorKind::conflict);
  CHECK(second.error().message.find("in use by another") != std::string::npos);

  site.stop(std::move(*first));
  auto third = site.start("data", "8081");
  REQUIRE(third.has_value());
  site.stop(std::move(*third));
}

TEST_CASE("a data directory that cannot be made is named with the reason") {
  Site site;
  std::ofstream(site.directory.path() / "file") << "no directory";

  const auto started = site.start("file/data");

  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().message.find("EARSHOT_DATA_DIR") != std::string::npos);
}

TEST_CASE("a folder of recordings that cannot be written is a fault at the start") {
  Site site;
  std::ofstream(site.directory.path() / "file") << "no directory";
  site.storage_folder = (site.directory.path() / "file" / "recordings").string();

  const auto started = site.start();

  REQUIRE_FALSE(started.has_value());
  CHECK(started.error().message.find("AZURE_STORAGE_FOLDER") != std::string::npos);
}
