// earshot erase verify FILE|ID [--key KEY]
// Checks a receipt's signature and says what it claims. The key never comes from the receipt.
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/trusted_keys.hpp"
#include "net/url.hpp"
#include "recording/erasure_receipt.hpp"

#include <cstdio>
#include <filesystem>
#include <utility>

namespace earshot::cli {
namespace {

Task<Result<std::string>> receipt_text(ApiClient& client, std::string target) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(target, ignored))
    co_return read_file(target, recording::erasure_receipt_bytes_max);
  co_return co_await client.get("/api/v1/erasures/" + net::percent_encode(target) + "/receipt");
}

void print(const recording::ErasureClaims& claims) {
  std::printf("the signature fits: receipt %s, finished %s, by %s\n", claims.id.c_str(),
              claims.finished_at.c_str(), claims.software.c_str());
  std::printf("caller key %s\n", claims.caller_key.c_str());
  std::printf("%d calls erased, %d refused; %llu files, %llu of them with their SHA-256\n",
              claims.calls_erased, claims.calls_refused,
              static_cast<unsigned long long>(claims.blobs),
              static_cast<unsigned long long>(claims.blobs_with_hash));
}

}  // namespace

Task<int> run_erase_verify(ApiClient& client, EraseVerifyOptions options) {
  auto text = co_await receipt_text(client, options.target);
  if (!text) co_return report(text.error());
  auto keys = co_await trusted_keys(client, options.key);
  if (!keys) co_return report(keys.error());
  const auto claims = recording::check_erasure_receipt(*text, *keys);
  if (!claims) co_return report(claims.error());
  if (!options.common.json) {
    print(*claims);
    co_return 0;
  }
  const boost::json::object told{{"signature", true},
                                 {"id", claims->id},
                                 {"callerKey", claims->caller_key},
                                 {"finishedAt", claims->finished_at},
                                 {"software", claims->software},
                                 {"callsErased", claims->calls_erased},
                                 {"callsRefused", claims->calls_refused},
                                 {"blobs", claims->blobs},
                                 {"blobsWithSha256", claims->blobs_with_hash}};
  std::printf("%s\n", boost::json::serialize(told).c_str());
  co_return 0;
}

}  // namespace earshot::cli
