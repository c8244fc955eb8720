#include "blob/connection_string.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using blob::AzureCredential;

namespace {

Result<blob::AzureAccount> parse(std::string text) {
  return blob::parse_connection_string(Secret(std::move(text)));
}

}  // namespace

TEST_CASE("an account string composes its endpoint") {
  const auto account = parse(
      "DefaultEndpointsProtocol=https;AccountName=myacct;AccountKey=a2V5PT0=;"
      "EndpointSuffix=core.chinacloudapi.cn");

  REQUIRE(account.has_value());
  CHECK(account->name == "myacct");
  CHECK(account->endpoint == "https://myacct.blob.core.chinacloudapi.cn");
  CHECK(account->credential == AzureCredential::shared_key);
  CHECK(account->key.reveal() == "a2V5PT0=");
}

TEST_CASE("missing protocol and suffix are the public cloud's, over https") {
  const auto account = parse(" ;;Unknown=x; accountname = myacct ;AccountKey=a2V5 ;\r\n");

  REQUIRE(account.has_value());
  CHECK(account->endpoint == "https://myacct.blob.core.windows.net");
  CHECK(account->key.reveal() == "a2V5");
}

TEST_CASE("a BlobEndpoint wins over the composed one and loses its last slash") {
  const auto account = parse(
      "DefaultEndpointsProtocol=https;AccountName=myacct;AccountKey=a2V5;"
      "BlobEndpoint=https://recordings.example.com/;EndpointSuffix=core.windows.net");

  REQUIRE(account.has_value());
  CHECK(account->endpoint == "https://recordings.example.com");
}

TEST_CASE("a SAS string takes its account from the host, or from the path of an emulator") {
  const auto host = parse(
      "BlobEndpoint=https://myacct.blob.core.windows.net/;"
      "SharedAccessSignature=?sv=2025-11-05&sr=c&sig=abc%3D");
  REQUIRE(host.has_value());
  CHECK(host->name == "myacct");
  CHECK(host->credential == AzureCredential::sas);
  CHECK(host->sas.reveal() == "sv=2025-11-05&sr=c&sig=abc%3D");

  const auto path = parse(
      "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;SharedAccessSignature=sig=abc&sv=1");
  REQUIRE(path.has_value());
  CHECK(path->name == "devstoreaccount1");
}

TEST_CASE("the emulator's shortcut is its published account") {
  const auto plain = parse("UseDevelopmentStorage=true");
  REQUIRE(plain.has_value());
  CHECK(plain->name == "devstoreaccount1");
  CHECK(plain->endpoint == "http://127.0.0.1:10000/devstoreaccount1");

  const auto proxied =
      parse("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://localhost/");
  REQUIRE(proxied.has_value());
  CHECK(proxied->endpoint == "http://localhost:10000/devstoreaccount1");
}

TEST_CASE("a faulty string is refused, and no value of it is shown") {
  for (const auto* text :
       {"", ";;;", "AccountKey=a2V5", "AccountName=myacct", "AccountName=My-Acct;AccountKey=a2V5",
        "AccountName=ab;AccountKey=a2V5", "AccountName=myacct;AccountKey=topsecret!",
        "AccountName=myacct;AccountKey=;",
        "DefaultEndpointsProtocol=ftp;AccountName=myacct;AccountKey=a2V5",
        "AccountName=myacct;AccountKey=a2V5;EndpointSuffix=evil/path",
        "AccountName=myacct;AccountKey=a2V5;BlobEndpoint=topsecret",
        "AccountName=myacct;AccountKey=a2V5;BlobEndpoint=http://plain.example.com",
        "AccountName=myacct;AccountKey=a2V5;BlobEndpoint=https://u:topsecret@example.com",
        "AccountName=myacct;AccountKey=a2V5;BlobEndpoint=https://example.com/?a=topsecret",
        "AccountName=myacct;SharedAccessSignature=topsecret",
        "AccountName=myacct;SharedAccessSignature=sig=topsecret#x",
        "UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://elsewhere.example.com"}) {
    CAPTURE(text);
    const auto account = parse(text);
    REQUIRE_FALSE(account.has_value());
    CHECK(account.error().kind == ErrorKind::invalid);
    CHECK(account.error().message.find("topsecret") == std::string::npos);
  }
  CHECK_FALSE(parse(std::string(20'000, 'a')).has_value());
}

TEST_CASE("single settings make an account by key, SAS or Entra, in this order") {
  const auto key = blob::make_account(
      {.account = "myacct", .key = Secret("a2V5"), .sas = Secret("sig=x"), .use_entra = true});
  REQUIRE(key.has_value());
  CHECK(key->credential == AzureCredential::shared_key);
  CHECK(key->endpoint == "https://myacct.blob.core.windows.net");
  CHECK(blob::make_account({.account = "myacct", .sas = Secret("?sig=x"), .use_entra = true})
            ->credential == AzureCredential::sas);
  CHECK(blob::make_account({.account = "myacct", .use_entra = true})->credential ==
        AzureCredential::entra);
  CHECK_FALSE(blob::make_account({.account = "myacct"}).has_value());
  CHECK_FALSE(blob::make_account({.account = "", .use_entra = true}).has_value());
  CHECK_FALSE(blob::make_account({.account = "myacct", .endpoint = "ftp://x", .use_entra = true})
                  .has_value());
}

TEST_CASE("container names follow the service's rule") {
  for (const auto* name : {"recs", "a-b-c", "123", "eikenappaudioblob"})
    CHECK(blob::is_container_name(name));
  for (const auto* name : {"", "ab", "Recs", "-abc", "abc-", "a--b", "a_b", "a/b", "a b"})
    CHECK_FALSE(blob::is_container_name(name));
  CHECK_FALSE(blob::is_container_name(std::string(64, 'a')));
}
