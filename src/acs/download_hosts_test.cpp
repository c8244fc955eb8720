#include "acs/download_hosts.hpp"

#include <doctest/doctest.h>

namespace earshot::acs {
namespace {

bool allows(const DownloadHosts& hosts, std::string_view location) {
  return hosts.check(location).has_value();
}

DownloadHosts with(std::vector<std::string> more) {
  auto made = DownloadHosts::make(std::move(more));
  REQUIRE(made.has_value());
  return std::move(*made);
}

}  // namespace

TEST_CASE("ACS's storage hosts are allowed over https, and nothing else is by itself") {
  const auto hosts = with({});
  for (const char* good :
       {"https://eu-storage.asm.skype.com/v1/objects/0-weu-d3-01/content/video",
        "https://storage.asm.skype.com/v1/objects/1?a=b", "https://US-STORAGE.ASM.SKYPE.COM/x",
        "https://prod.asyncgw.teams.microsoft.com/v1/objects/1",
        "https://x.ams.gov.teams.microsoft.us/v1", "https://storage.asm.skype.com:443/x"}) {
    CAPTURE(std::string(good));
    CHECK(allows(hosts, good));
  }
  for (const char* bad : {"http://storage.asm.skype.com/x",
                          "https://asm.skype.com/x",
                          "https://evilasm.skype.com/x",
                          "https://storage.asm.skype.com.evil.example/x",
                          "https://evil.example/storage.asm.skype.com",
                          "https://evil.example#.asm.skype.com",
                          "https://evil.example?.asm.skype.com",
                          "https://user@storage.asm.skype.com/x",
                          "https://storage.asm.skype.com@evil.example/x",
                          "https://storage.asm.skype.com:8443/x",
                          "https://evil.example\\.asm.skype.com/x",
                          "https://storage.asm.skype.com./x",
                          "ftp://storage.asm.skype.com/x",
                          "wss://storage.asm.skype.com/x",
                          "//storage.asm.skype.com/x",
                          "/v1/objects/1",
                          "",
                          "https://",
                          "https://127.0.0.1/x",
                          "http://127.0.0.1:7788/x",
                          "https://169.254.169.254/metadata",
                          "https://storage.asm.skype.com/a b",
                          "https://storage.asm.skype.com/\r\nX: y"}) {
    CAPTURE(std::string(bad));
    const auto checked = hosts.check(bad);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().kind == ErrorKind::refused);
    CHECK(checked.error().code == "host_not_allowed");
  }
}

TEST_CASE("listed hosts are allowed as they are listed") {
  const auto hosts = with({"Files.Example.com", "store.example:8443", ".below.example"});
  CHECK(allows(hosts, "https://files.example.com/x"));
  CHECK(allows(hosts, "https://files.example.com:9443/x"));
  CHECK(allows(hosts, "https://store.example:8443/x"));
  CHECK(allows(hosts, "https://a.b.below.example/x"));
  CHECK_FALSE(allows(hosts, "https://store.example/x"));
  CHECK_FALSE(allows(hosts, "https://below.example/x"));
  CHECK_FALSE(allows(hosts, "https://x.files.example.com/x"));
  CHECK_FALSE(allows(hosts, "http://files.example.com/x"));
}

TEST_CASE("plain http is for a loopback host that is listed") {
  const auto hosts = with({"127.0.0.1:7788", "plain.example"});
  CHECK(allows(hosts, "http://127.0.0.1:7788/v1/objects/1"));
  CHECK_FALSE(allows(hosts, "http://127.0.0.1:7789/v1/objects/1"));
  CHECK_FALSE(allows(hosts, "http://localhost:7788/v1/objects/1"));
  CHECK_FALSE(allows(hosts, "http://plain.example/x"));
}

TEST_CASE("what is no host in the list is said") {
  for (const char* bad : {"https://files.example.com", "files.example.com/x", "", ".", "host:0",
                          "host:70000", "host:", "a b"}) {
    CAPTURE(std::string(bad));
    const auto made = DownloadHosts::make({bad});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().kind == ErrorKind::invalid);
  }
}

}  // namespace earshot::acs
