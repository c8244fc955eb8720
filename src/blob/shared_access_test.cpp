#include "blob/shared_access.hpp"

#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::blob;

// The signatures were made by @azure/storage-blob 12 (generateBlobSASQueryParameters) and, line by
// line, by Python's hmac; both gave these.

namespace {

// base64 of "an account key of nobody's, 32 b"
const Secret account_key("YW4gYWNjb3VudCBrZXkgb2Ygbm9ib2R5J3MsIDMyIGI=");

SharedRead one_read() {
  return {.account = "myacct",
          .container = "recs",
          .blob = "20260302/call 1/0-audiowav+a.wav",
          .start = *parse_iso8601("2026-03-02T09:00:00.75Z"),
          .expiry = *parse_iso8601("2026-03-02T09:30:00Z"),
          .content_disposition = R"(attachment; filename="call-1.wav")"};
}

}  // namespace

TEST_CASE("a service SAS is the one that Microsoft's own client makes") {
  const auto sas = service_sas(one_read(), account_key);

  REQUIRE(sas.has_value());
  CHECK(*sas ==
        "sv=2025-11-05&spr=https&st=2026-03-02T09%3A00%3A00Z&se=2026-03-02T09%3A30%3A00Z&sr=b&sp=r"
        "&rscd=attachment%3B%20filename%3D%22call-1.wav%22"
        "&sig=pVw1sbCVvY0VYs3bbNDObDR%2BJZCZSsyb4SgmRvH8aTk%3D");
}

TEST_CASE("a user delegation SAS is the one that Microsoft's own client makes") {
  UserDelegationKey key{.object_id = "11111111-2222-4333-8444-555555555555",
                        .tenant_id = "66666666-7777-4888-8999-aaaaaaaaaaaa",
                        .start = "2026-03-02T08:59:00Z",
                        .expiry = "2026-03-04T09:15:00Z",
                        .service = "b",
                        .version = "2025-11-05",
                        // base64 of "a delegation key of nobody's 32b"
                        .value = Secret("YSBkZWxlZ2F0aW9uIGtleSBvZiBub2JvZHkncyAzMmI=")};

  const auto sas = user_delegation_sas(one_read(), key);

  REQUIRE(sas.has_value());
  CHECK(*sas ==
        "sv=2025-11-05&spr=https&st=2026-03-02T09%3A00%3A00Z&se=2026-03-02T09%3A30%3A00Z&sr=b&sp=r"
        "&rscd=attachment%3B%20filename%3D%22call-1.wav%22"
        "&skoid=11111111-2222-4333-8444-555555555555&sktid=66666666-7777-4888-8999-aaaaaaaaaaaa"
        "&skt=2026-03-02T08%3A59%3A00Z&ske=2026-03-04T09%3A15%3A00Z&sks=b&skv=2025-11-05"
        "&sig=gvSxqM1Jx8cZuzmg7FNABuJVxqEk5rb8Sd8CMBo6x44%3D");
}

TEST_CASE("on this machine http is allowed too, and an emulator's account is signed once") {
  SharedRead read = one_read();
  read.account = "devstoreaccount1";
  read.blob = "a/b.wav";
  read.https_only = false;
  read.content_disposition.clear();

  const auto sas = service_sas(read, account_key);

  REQUIRE(sas.has_value());
  CHECK(*sas ==
        "sv=2025-11-05&spr=https%2Chttp&st=2026-03-02T09%3A00%3A00Z&se=2026-03-02T09%3A30%3A00Z"
        "&sr=b&sp=r&sig=OALdR8CdphEiaqP76vD7TlFY7nMO9k7byx4pir403WU%3D");
}

TEST_CASE("a key that is not base64 is said, and not shown") {
  const auto sas = service_sas(one_read(), Secret("not base64!"));
  REQUIRE_FALSE(sas.has_value());
  CHECK(sas.error().message.find("not base64!") == std::string::npos);
}
