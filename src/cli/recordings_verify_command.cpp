// earshot recordings verify FILE|ID [--key KEY] [--manifest FILE]
// Prints what was checked; 0 only when all of it holds. The key never comes from the manifest.
#include "base/crypto.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/recording_name.hpp"
#include "cli/trusted_keys.hpp"
#include "net/url.hpp"
#include "recording/manifest.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <optional>

namespace earshot::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> hash_file(const fs::path& path) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return fail(ErrorKind::not_found, fmt::format("cannot read {}", path.string()));
  crypto::Sha256 hash;
  Bytes piece(1 << 20);
  while (const auto length = std::fread(piece.data(), 1, piece.size(), file.get()))
    hash.update(ByteView(piece).first(length));
  if (std::ferror(file.get()) != 0)
    return fail(ErrorKind::unavailable, fmt::format("cannot read {} to its end", path.string()));
  return crypto::to_hex(hash.finish());
}

// What has been looked at, and how it stood.
struct Check {
  std::string what;
  bool holds = false;
};

Check check_audio(const std::string& name, const std::string& sha256,
                  const recording::ManifestClaims& claims) {
  for (const auto& audio : claims.audio)
    if (audio.sha256 == sha256)
      return {fmt::format("{} is the {} audio", name, audio.source), true};
  for (const auto& file : claims.files)
    if (file.sha256 == sha256) return {fmt::format("{} is {}", name, file.blob), true};
  return {fmt::format("{} is none of the files that the manifest names", name), false};
}

// Chunks that lie beside a manifest, as they do in a copy of the container's folder.
Result<std::vector<Check>> check_neighbours(const fs::path& folder,
                                            const recording::ManifestClaims& claims) {
  std::vector<Check> checks;
  for (const auto& file : claims.files) {
    const auto path = folder / fs::path(file.blob).filename();
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) continue;
    auto hash = hash_file(path);
    if (!hash) return Failure(hash.error());
    const bool same = *hash == file.sha256;
    checks.push_back(
        {fmt::format("{} {}", path.string(), same ? "is unchanged" : "was changed"), same});
  }
  return checks;
}

struct Verified {
  recording::ManifestClaims claims;
  std::vector<Check> checks;
};

Task<Result<Verified>> verify_local(ApiClient& client, RecordingsVerifyOptions options) {
  const fs::path target(options.target);
  std::error_code ignored;
  // A manifest is text that ends in a signature; anything else is taken for audio.
  auto text = read_file(target, recording::manifest_bytes_max);
  const bool is_manifest = text && text->starts_with('{');
  const fs::path manifest = is_manifest                ? target
                            : options.manifest.empty() ? target.parent_path() / "manifest.json"
                                                       : fs::path(options.manifest);
  if (!is_manifest) text = read_file(manifest, recording::manifest_bytes_max);
  if (!text) co_return fail("the manifest", text.error());
  auto keys = co_await trusted_keys(client, options.key);
  if (!keys) co_return Failure(keys.error());
  auto claims = recording::check_manifest(*text, *keys);
  if (!claims) co_return Failure(claims.error());
  Verified verified{.claims = std::move(*claims), .checks = {}};
  if (is_manifest) {
    auto checks = check_neighbours(fs::absolute(manifest, ignored).parent_path(), verified.claims);
    if (!checks) co_return Failure(checks.error());
    verified.checks = std::move(*checks);
    co_return verified;
  }
  auto hash = hash_file(target);
  if (!hash) co_return Failure(hash.error());
  verified.checks.push_back(check_audio(target.string(), *hash, verified.claims));
  co_return verified;
}

Task<Result<Verified>> verify_stored(ApiClient& client, RecordingsVerifyOptions options) {
  auto recording = co_await find_recording(client, options.target);
  if (!recording) co_return Failure(recording.error());
  const auto path = "/api/v1/recordings/" + net::percent_encode(*recording);
  auto text = co_await client.get(path + "/manifest");
  if (!text) co_return Failure(text.error());
  auto keys = co_await trusted_keys(client, options.key);
  if (!keys) co_return Failure(keys.error());
  auto claims = recording::check_manifest(*text, *keys);
  if (!claims) co_return Failure(claims.error());
  Verified verified{.claims = std::move(*claims), .checks = {}};
  for (const auto& audio : verified.claims.audio) {
    crypto::Sha256 hash;
    net::HttpClient::Sink sink = [&hash](std::string_view bytes) -> Result<void> {
      hash.update(as_bytes(bytes));
      return ok();
    };
    auto done = co_await client.download(
        path + "/audio?source=" + net::percent_encode(audio.source), std::move(sink), {});
    if (!done) co_return Failure(done.error());
    const bool same = crypto::to_hex(hash.finish()) == audio.sha256;
    verified.checks.push_back(
        {fmt::format("the {} audio {}", audio.source, same ? "is unchanged" : "was changed"),
         same});
  }
  co_return verified;
}

}  // namespace

Task<int> run_recordings_verify(ApiClient& client, RecordingsVerifyOptions options) {
  std::error_code ignored;
  const bool is_local = std::filesystem::is_regular_file(options.target, ignored);
  Result<Verified> verified;
  if (is_local)
    verified = co_await verify_local(client, options);
  else
    verified = co_await verify_stored(client, options);
  if (!verified) co_return report(verified.error());
  const auto& claims = verified->claims;
  const bool holds = std::ranges::all_of(verified->checks, &Check::holds);
  if (options.common.json) {
    boost::json::array checks;
    for (const auto& check : verified->checks)
      checks.push_back({{"what", check.what}, {"holds", check.holds}});
    std::printf("%s\n",
                boost::json::serialize(
                    boost::json::object{{"signature", true},
                                        {"contextId", claims.call},
                                        {"verdict", claims.verdict},
                                        {"kind", claims.verdict_kind},
                                        {"software", claims.software},
                                        {"imported", claims.imported},
                                        {"witnesses", boost::json::value_from(claims.witnesses)},
                                        {"checks", std::move(checks)},
                                        {"holds", holds}})
                    .c_str());
    co_return holds ? 0 : 1;
  }
  std::printf("the signature fits: call %s, verdict %d (%s), by %s\n", claims.call.c_str(),
              claims.verdict, claims.verdict_kind.c_str(), claims.software.c_str());
  if (claims.imported)
    std::printf(
        "imported: the verdict rests on what ACS wrote alone, and nobody listened; the "
        "hashes are of what lay there when this manifest was written\n");
  for (const auto& check : verified->checks)
    std::printf("%s: %s\n", check.holds ? "ok" : "WRONG", check.what.c_str());
  if (verified->checks.empty())
    std::printf("no audio was compared: none of the files it names lies beside it\n");
  co_return holds ? 0 : 1;
}

}  // namespace earshot::cli
