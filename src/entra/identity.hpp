#pragma once
// Entra ID tokens for what this process is: AKS workload identity, the managed identity of App
// Service, Functions and Container Apps, that of a virtual machine, or an application's secret.
// Tokens are kept per scope and renewed five minutes before they end; a renewal that fails leaves
// the old one in use while it is good. The platform's own endpoints are never asked through a
// proxy. Source: Microsoft's managed-identity and OAuth 2.0 client-credentials documentation.
//
// One for each worker, called on it.

#include "base/clock.hpp"
#include "base/counters.hpp"
#include "base/executor.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "net/http_client.hpp"
#include "ports/token_source.hpp"

#include <map>
#include <string>
#include <vector>

namespace earshot::entra {

// As the platform gives them, by app's configuration. What is filled in decides, in this order:
// a federated token file, an identity endpoint with its header, a client secret, else the virtual
// machine's metadata service.
struct IdentityOptions {
  std::string client_id;  // AZURE_CLIENT_ID; with managed identity: which of several
  std::string tenant_id;  // AZURE_TENANT_ID
  std::string authority = "https://login.microsoftonline.com";  // AZURE_AUTHORITY_HOST
  std::string federated_token_file;                             // AZURE_FEDERATED_TOKEN_FILE
  std::string identity_endpoint;                                // IDENTITY_ENDPOINT
  Secret identity_header;                                       // IDENTITY_HEADER
  Secret client_secret;                                         // AZURE_CLIENT_SECRET
  std::string metadata_endpoint = "http://169.254.169.254";
  Duration renew_before = std::chrono::minutes(5);
  Duration wait_after_failure = 10s;  // before a renewal is tried again while the old token is good
  int tries_max = 4;
  Duration wait_first = 800ms;  // doubles, with jitter
};

enum class IdentityKind { workload, platform, client_secret, machine };
IdentityKind kind_of(const IdentityOptions& options);
// What is missing or wrong in them; empty when they are good.
std::vector<std::string> faults_of(const IdentityOptions& options);

class Identity : public TokenSource {
 public:
  // All but the options outlive this.
  Identity(IdentityOptions options, net::HttpClient& http, Clock& clock, Random& random,
           Offload& offload, Counters& counters, Log& log);
  ~Identity() override;

  Task<Result<Secret>> token(std::string scope) override;

 private:
  struct Kept {
    Secret token;
    WallTime good_until{};
    SteadyTime next_try{};
    bool renewing = false;
    // Those who wait for the renewal that runs.
    std::vector<Signal*> waiting;
  };
  class Renewing;
  Task<Result<void>> renew(std::string scope);
  Task<Result<net::HttpReply>> ask(std::string scope);
  Task<Result<net::HttpCall>> make_call(std::string scope);
  Task<Result<std::string>> read_federated_token();
  bool is_worth_another_try(const net::HttpReply& reply) const;

  IdentityOptions options_;
  IdentityKind kind_;
  net::HttpClient& http_;
  Clock& clock_;
  Random& random_;
  Offload& offload_;
  Log& log_;
  Counter& renewals_;
  Counter& failures_;
  std::map<std::string, Kept> kept_;  // by scope
};

}  // namespace earshot::entra
