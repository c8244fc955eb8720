#pragma once
// Shared access signatures that let one blob be read: by the account's key (service SAS), or by a
// key that Entra ID gave (user delegation SAS). Pure. Source: "Create a service SAS" and "Create a
// user delegation SAS", REST API reference of Azure Storage, for versions from 2025-07-05 and
// before 2026-04-06, which have a layout of their own each.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>

namespace earshot::blob {

// What is allowed: to read this blob, from `start` until `expiry`.
struct SharedRead {
  std::string account;
  std::string container;
  std::string blob;  // as it is, not percent-encoded
  WallTime start{};  // used in whole seconds
  WallTime expiry{};
  bool https_only = true;
  std::string content_disposition;  // of the answer; "": the blob's own
};

// As storage gave it; each text goes into the link as it came.
struct UserDelegationKey {
  std::string object_id;
  std::string tenant_id;
  std::string start;
  std::string expiry;
  std::string service;
  std::string version;
  Secret value;  // base64
  WallTime expires_at{};
};

// "2026-03-02T09:15:30Z", as signatures have it: the same text is signed and sent.
std::string to_sas_time(WallTime time);

// The query string without "?". `invalid`: the key is not base64.
Result<std::string> service_sas(const SharedRead& read, const Secret& account_key);
Result<std::string> user_delegation_sas(const SharedRead& read, const UserDelegationKey& key);

}  // namespace earshot::blob
