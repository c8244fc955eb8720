#pragma once
// Signatures of outgoing webhooks as Standard Webhooks 1.0.0 says (standardwebhooks.com): HMAC with
// SHA-256 over "id.timestamp.body", base64, "v1," in front; several with a space between.

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::alerts {

using WebhookKey = Bytes;

// "whsec_" and the base64 of 24 to 64 bytes; `invalid` says what is wrong, never the secret.
Result<WebhookKey> parse_webhook_secret(std::string_view text);

// webhook-timestamp: whole seconds since 1970.
std::string webhook_timestamp(WallTime at);

// webhook-signature: one for each key, so that a receiver may know either. `id` has no full stop.
std::string webhook_signature(const std::vector<WebhookKey>& keys, std::string_view id,
                              std::string_view timestamp, std::string_view body);

}  // namespace earshot::alerts
