#include "blob/shared_access.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "net/url.hpp"

#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <span>

namespace earshot::blob {
namespace {

// The version decides the layout of what is signed.
constexpr std::string_view signed_version = "2025-11-05";
constexpr std::string_view one_blob = "b";
constexpr std::string_view reading = "r";

std::string_view protocols(const SharedRead& read) {
  return read.https_only ? "https" : "https,http";
}

// The account stands in it once, even where an emulator has it in the path.
std::string resource_of(const SharedRead& read) {
  return fmt::format("/blob/{}/{}/{}", read.account, read.container, read.blob);
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!text_.empty()) text_ += '&';
    text_ += fmt::format("{}={}", name, net::percent_encode(value));
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// What both kinds have in common.
struct CommonFields {
  explicit CommonFields(const SharedRead& read)
      : start(to_sas_time(read.start)),
        expiry(to_sas_time(read.expiry)),
        resource(resource_of(read)) {}
  std::string start;
  std::string expiry;
  std::string resource;
};

constexpr std::string_view none;

// Both kinds sign the same lines, but for those in the middle that say who signs.
Result<std::string> signature(const SharedRead& read, const CommonFields& common,
                              std::span<const std::string_view> signer, const Secret& key) {
  const auto bytes = base64::decode(key.reveal());
  if (!bytes || bytes->empty())
    return fail(ErrorKind::invalid, "the key that signs links is not base64");
  const std::array<std::string_view, 4> before{reading, common.start, common.expiry,
                                               common.resource};
  const std::array<std::string_view, 11> after{none /* sip */,
                                               protocols(read),
                                               signed_version,
                                               one_blob,
                                               none /* time of a snapshot */,
                                               none /* ses */,
                                               none /* rscc */,
                                               read.content_disposition,
                                               none /* rsce */,
                                               none /* rscl */,
                                               none /* rsct */};
  const auto text = fmt::format("{}\n{}\n{}", fmt::join(before, "\n"), fmt::join(signer, "\n"),
                                fmt::join(after, "\n"));
  return base64::encode(crypto::hmac_sha256(*bytes, as_bytes(text)));
}

void add_common(Query& query, const SharedRead& read, const CommonFields& common) {
  query.add("sv", signed_version);
  query.add("spr", protocols(read));
  query.add("st", common.start);
  query.add("se", common.expiry);
  query.add("sr", one_blob);
  query.add("sp", reading);
  query.add("rscd", read.content_disposition);
}

}  // namespace

std::string to_sas_time(WallTime time) {
  // Six digits of a second and the Z make way for the Z alone.
  return to_iso8601(time).substr(0, std::string_view("2026-03-02T09:15:30").size()) + "Z";
}

Result<std::string> service_sas(const SharedRead& read, const Secret& account_key) {
  const CommonFields common(read);
  const std::array<std::string_view, 1> signer{none /* si */};
  auto signed_by = signature(read, common, signer, account_key);
  if (!signed_by) return Failure(signed_by.error());
  Query query;
  add_common(query, read, common);
  query.add("sig", *signed_by);
  return query.take();
}

Result<std::string> user_delegation_sas(const SharedRead& read, const UserDelegationKey& key) {
  const CommonFields common(read);
  const std::array<std::string_view, 11> signer{
      key.object_id, key.tenant_id,    key.start,        key.expiry,      key.service,
      key.version,   none /* saoid */, none /* suoid */, none /* scid */, none /* skdutid */,
      none /* sduoid */};
  auto signed_by = signature(read, common, signer, key.value);
  if (!signed_by) return Failure(signed_by.error());
  Query query;
  add_common(query, read, common);
  query.add("skoid", key.object_id);
  query.add("sktid", key.tenant_id);
  query.add("skt", key.start);
  query.add("ske", key.expiry);
  query.add("sks", key.service);
  query.add("skv", key.version);
  query.add("sig", *signed_by);
  return query.take();
}

}  // namespace earshot::blob
