#include "acs/resource_tokens.hpp"

#include "base/invariant.hpp"

#include <algorithm>
#include <utility>

namespace earshot::acs {

bool TokenOwners::own(std::string_view label) const {
  if (label.empty()) return is_firsts_;
  return std::ranges::find(labels_, label) != labels_.end();
}

ResourceTokens::ResourceTokens(std::vector<Resource> resources) : resources_(std::move(resources)) {
  CHECK_INVARIANT(!resources_.empty(), "there is an ACS resource");
}

Task<Result<TokenOwners>> ResourceTokens::verify(std::string compact) {
  std::vector<std::string> labels;
  bool is_firsts = false;
  std::optional<Error> error;
  // Claims are looked at before keys, so that only the token's own resource costs more than that.
  for (std::size_t i = 0; i < resources_.size(); ++i) {
    const auto verified = co_await resources_[i].verifier->verify(compact);
    if (verified) {
      labels.push_back(resources_[i].label);
      is_firsts = is_firsts || i == 0;
    } else if (!error || verified.error().kind == ErrorKind::unavailable) {
      error = verified.error();
    }
  }
  if (labels.empty()) co_return Failure(std::move(*error));
  co_return TokenOwners(std::move(labels), is_firsts);
}

}  // namespace earshot::acs
