// Of AzureBlobStore: how a blob is kept, apart from its bytes.
#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "blob/azure_blob_store.hpp"
#include "blob/detail/azure_errors.hpp"
#include "blob/detail/checks.hpp"
#include "blob/list_xml.hpp"

#include <fmt/format.h>
#include <utility>

namespace earshot::blob {
namespace {

constexpr std::uint64_t tags_bytes_max = 16 << 10;

// As the service spells them.
std::string tier_word(StorageTier tier) {
  std::string word(to_text(tier));
  word.front() = static_cast<char>(word.front() - 'a' + 'A');
  return word;
}

}  // namespace

Task<Result<TierChange>> AzureBlobStore::set_tier(BlobName name, StorageTier tier) {
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  Request request{.doing = "set tier",
                  .method = "PUT",
                  .blob = name.text,
                  .query = {{"comp", "tier"}},
                  .headers = {{"x-ms-access-tier", tier_word(tier)}}};
  // Of no meaning but on the way out of the archive, where it is the patient and cheap way.
  if (tier != StorageTier::archive) request.headers.add("x-ms-rehydrate-priority", "Standard");
  auto reply = co_await send(std::move(request));
  if (reply) co_return reply->status == 202 ? TierChange::started : TierChange::done;
  // Somebody asked before.
  if (reply.error().code == "BlobBeingRehydrated") co_return TierChange::started;
  co_return Failure(detail::attribute_error(reply.error()));
}

Task<Result<BlobTags>> AzureBlobStore::tags(BlobName name) {
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  Request request{.doing = "read tags",
                  .method = "GET",
                  .blob = name.text,
                  .query = {{"comp", "tags"}},
                  .response_bytes = tags_bytes_max};
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(detail::attribute_error(reply.error()));
  co_return parse_tags(reply->body);
}

Task<Result<void>> AzureBlobStore::set_tags(BlobName name, BlobTags tags) {
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  if (auto checked = detail::check_tags(tags); !checked) co_return checked;
  auto body = tags_xml(tags);
  Request request{.doing = "set tags",
                  .method = "PUT",
                  .blob = name.text,
                  .query = {{"comp", "tags"}},
                  .headers = {{"Content-Type", "application/xml"},
                              {"Content-MD5", base64::encode(crypto::md5(as_bytes(body)))}},
                  .body = std::move(body)};
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(detail::attribute_error(reply.error()));
  co_return ok();
}

Task<Result<void>> AzureBlobStore::set_legal_hold(BlobName name, bool on) {
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  Request request{.doing = "set legal hold",
                  .method = "PUT",
                  .blob = name.text,
                  .query = {{"comp", "legalhold"}},
                  .headers = {{"x-ms-legal-hold", on ? "true" : "false"}}};
  auto reply = co_await send(std::move(request));
  if (reply) co_return ok();
  auto error = detail::attribute_error(reply.error());
  // A container without version-level immutability has no such thing. Under which code the service
  // says so is written nowhere; other conflicts there are none.
  if (error.status == 400 || error.status == 409) {
    error.kind = ErrorKind::invalid;
    error.code = blob_not_supported_code;
  }
  co_return Failure(std::move(error));
}

}  // namespace earshot::blob
