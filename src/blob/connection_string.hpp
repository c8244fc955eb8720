#pragma once
// Which Azure Storage account, and by what right. Parsing only; pure. Rules: Microsoft's
// "Configure Azure Storage connection strings", and what its own SDKs make of them, made lenient
// where that is safe (a missing EndpointSuffix is core.windows.net, a missing protocol https).

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <string_view>

namespace earshot::blob {

enum class AzureCredential { shared_key, sas, entra };

struct AzureAccount {
  std::string name;
  // Of the Blob service, without a trailing "/": "https://acct.blob.core.windows.net", or
  // "http://127.0.0.1:10000/devstoreaccount1" where the account stands in the path.
  std::string endpoint;
  AzureCredential credential = AzureCredential::shared_key;
  Secret key;  // shared_key: base64, as configured; it decodes
  Secret sas;  // sas: a query string without "?"
};

// `invalid` says which part is wrong or missing, and never shows a value.
Result<AzureAccount> parse_connection_string(const Secret& text);

// From single settings. `endpoint` "" is the public cloud's.
struct AzureAccountSettings {
  std::string account;
  std::string endpoint;
  Secret key;
  Secret sas;
  bool use_entra = false;  // when there is neither key nor SAS
};
Result<AzureAccount> make_account(AzureAccountSettings settings);

// 3 to 63 lower-case letters, digits and single hyphens between them.
bool is_container_name(std::string_view name);

}  // namespace earshot::blob
