#pragma once
// Links to blobs of one container of Azure Blob Storage. With Entra ID a user delegation key signs
// them, which is asked for once and used until it no longer covers what is asked; with the
// account's key, a service SAS. A SAS token cannot sign for others, and is never handed out.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "blob/connection_string.hpp"
#include "blob/shared_access.hpp"
#include "net/http_client.hpp"
#include "ports/blob_links.hpp"
#include "ports/token_source.hpp"

#include <optional>
#include <string>
#include <vector>

namespace earshot::blob {

struct AzureBlobLinksOptions {
  AzureAccount account;
  std::string container;
  Duration link_max = 24h;  // a longer one is refused
  // Of a delegation key; storage gives none for more than seven days. What it has beyond link_max
  // is how long it can be used for the longest links.
  Duration key_life = 48h;
  // Neither key nor link is refused by a server whose clock is behind by less.
  Duration clock_skew = 15min;
  int tries_max = 3;
  Duration wait_first = 500ms;  // before the second try; doubles
  Duration timeout = 15s;       // of a try
};

class AzureBlobLinks : public BlobLinks {
 public:
  // All but the options outlive this. `tokens` may be null unless the account's credential is
  // Entra. Throws std::invalid_argument when options cannot be.
  AzureBlobLinks(AzureBlobLinksOptions options, net::HttpClient& http, TokenSource* tokens,
                 Clock& clock, Counters& counters, Log& log);

  Task<Result<BlobLink>> make_link(BlobLinkRequest request) override;

 private:
  // One that is good until then at least; those who ask while it is fetched wait for that one.
  Task<Result<UserDelegationKey>> key_until(WallTime expiry);
  Task<Result<void>> fetch_key();
  Task<Result<net::HttpReply>> ask(WallTime now);

  AzureBlobLinksOptions options_;
  bool https_ = true;
  net::HttpClient& http_;
  TokenSource* tokens_;
  Clock& clock_;
  Log& log_;
  Counter& fetched_;
  Counter& failed_;
  std::optional<UserDelegationKey> key_;
  Result<void> outcome_;  // of the last request for one
  bool fetching_ = false;
  std::vector<Signal*> waiting_;
  class Fetching;
};

}  // namespace earshot::blob
