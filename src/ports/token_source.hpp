#pragma once
// Entra ID access tokens (managed identity first). Implementation: entra. One for each worker;
// called on it.

#include "base/secret.hpp"
#include "base/task.hpp"

#include <string>

namespace earshot {

class TokenSource {
 public:
  virtual ~TokenSource() = default;
  // A token for `scope` ("https://storage.azure.com/.default") that is good for some minutes yet;
  // from a cache when there is one.
  virtual Task<Result<Secret>> token(std::string scope) = 0;
};

}  // namespace earshot
