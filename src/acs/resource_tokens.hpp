#pragma once
// The tokens of several ACS resources: a door opens to the token of the resource that the door's
// call came in on, and to no other. Who holds the token of one resource thereby has nothing of
// another's calls.

#include "acs/token_verifier.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::acs {

// Whose a token is: more than one resource's only when it names the audiences of more.
class TokenOwners {
 public:
  TokenOwners(std::vector<std::string> labels, bool is_firsts)
      : labels_(std::move(labels)), is_firsts_(is_firsts) {}
  // `label` as it is stored with the call; "" is the first resource's.
  bool own(std::string_view label) const;

 private:
  std::vector<std::string> labels_;
  bool is_firsts_;
};

class ResourceTokens {
 public:
  // Called on the key sets' executor, as the verifiers are.
  struct Resource {
    std::string label;
    std::unique_ptr<TokenVerifier> verifier;
  };
  // At least one.
  explicit ResourceTokens(std::vector<Resource> resources);

  // Errors as of TokenVerifier::verify: `unavailable` when that is what keeps it from being any
  // resource's.
  Task<Result<TokenOwners>> verify(std::string compact);

 private:
  std::vector<Resource> resources_;
};

}  // namespace earshot::acs
