#include "blob/azure_blob_store.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "blob/blob_limits.hpp"
#include "blob/detail/azure_errors.hpp"
#include "blob/detail/checks.hpp"
#include "blob/list_xml.hpp"
#include "blob/shared_key.hpp"
#include "net/url.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <stdexcept>

namespace earshot::blob {
namespace {

// The newest version that the emulator in use knows; everything used here is older.
constexpr const char* api_version = "2025-11-05";
constexpr const char* token_scope = "https://storage.azure.com/.default";
constexpr std::uint64_t listing_bytes_max = 16 << 20;
constexpr std::uint64_t error_bytes_max = 64 << 10;

std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }
std::string md5_of(ByteView bytes) { return base64::encode(crypto::md5(bytes)); }

// All ids of a blob must have one length.
std::string block_id(std::uint32_t number) {
  const auto text = fmt::format("{:08}", number);
  return base64::encode(as_bytes(text));
}

std::uint64_t length_of(const net::HttpReply& reply) {
  const auto text = reply.headers.get("Content-Length");
  std::uint64_t length = 0;
  std::from_chars(text.data(), text.data() + text.size(), length);
  return length;
}

}  // namespace

AzureBlobStore::AzureBlobStore(AzureBlobStoreOptions options, net::HttpClient& http,
                               TokenSource* tokens, Clock& clock, Random& random,
                               Counters& counters, Log& log)
    : options_(std::move(options)),
      http_(http),
      tokens_(tokens),
      clock_(clock),
      random_(random),
      log_(log),
      requests_(counters.counter("earshot_blob_requests_total", "requests to Blob Storage")),
      retries_(counters.counter("earshot_blob_retries_total",
                                "requests to Blob Storage that were tried again")),
      failures_(counters.counter("earshot_blob_unavailable_total",
                                 "operations given up while Blob Storage was away")) {
  const auto url = net::parse_url(options_.account.endpoint);
  if (!url) throw std::invalid_argument("the storage endpoint is no URL");
  if (!is_container_name(options_.container))
    throw std::invalid_argument("the storage container's name is not allowed");
  if (options_.account.credential == AzureCredential::entra && tokens_ == nullptr)
    throw std::invalid_argument("storage by Entra needs a token source");
  base_path_ = url->target == "/" ? "" : url->target;
  origin_ =
      options_.account.endpoint.substr(0, options_.account.endpoint.size() - base_path_.size());
}

Task<Result<void>> AzureBlobStore::put(BlobWrite write) {
  if (auto checked = detail::check_write(write.name, write.bytes.size()); !checked)
    co_return checked;
  const auto md5 = md5_of(write.bytes);
  Request request{.doing = "put blob",
                  .method = "PUT",
                  .blob = write.name.text,
                  .headers = {{"Content-Type", write.content_type},
                              {"Content-MD5", md5},
                              {"x-ms-blob-type", "BlockBlob"}},
                  .body = text_of(write.bytes)};
  if (!write.replace) request.headers.add("If-None-Match", "*");
  auto reply = co_await send(std::move(request));
  if (reply) co_return ok();
  const auto& error = reply.error();
  const bool exists =
      error.code == "BlobAlreadyExists" || (error.status == 412 && error.code == "ConditionNotMet");
  if (write.replace || !exists) co_return Failure(error);
  // Another's blob, or our own whose answer was lost.
  co_return co_await compare(write.name, write.bytes.size(), md5, std::move(write.bytes));
}

Task<Result<void>> AzureBlobStore::compare(BlobName name, std::uint64_t bytes, std::string md5,
                                           Bytes content) {
  Request request{.doing = "compare blob", .method = "HEAD", .blob = name.text};
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(reply.error());
  auto different = fail(ErrorKind::conflict, fmt::format("{} holds other bytes", name.text));
  if (length_of(*reply) != bytes) co_return different;
  const auto stored_md5 = reply->headers.get("Content-MD5");
  if (!stored_md5.empty()) {
    if (stored_md5 == md5) co_return ok();
    co_return different;
  }
  for (std::uint64_t offset = 0; offset < bytes;) {
    const auto length = std::min(read_bytes_max, bytes - offset);
    auto part = co_await read(name, offset, length, "");
    if (!part) co_return Failure(part.error());
    const auto begin = content.begin() + static_cast<std::ptrdiff_t>(offset);
    if (part->size() != length || !std::equal(part->begin(), part->end(), begin))
      co_return different;
    offset += length;
  }
  co_return ok();
}

Task<Result<Bytes>> AzureBlobStore::read(BlobName name, std::uint64_t offset, std::uint64_t length,
                                         std::string etag) {
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  if (auto checked = detail::check_read(length); !checked) co_return Failure(checked.error());
  if (length == 0) {  // there is no empty range
    auto present = co_await info(name);
    if (!present) co_return Failure(present.error());
    if (!etag.empty() && present->etag != etag)
      co_return fail(ErrorKind::conflict, fmt::format("{} has changed", name.text));
    co_return Bytes{};
  }
  const auto last = offset > ~0ull - length ? ~0ull : offset + length - 1;
  Request request{.doing = "read blob",
                  .method = "GET",
                  .blob = name.text,
                  .headers = {{"x-ms-range", fmt::format("bytes={}-{}", offset, last)}},
                  .response_bytes = length};
  if (!etag.empty()) request.headers.add("If-Match", fmt::format("\"{}\"", etag));
  auto reply = co_await send(std::move(request));
  if (!reply) {
    if (reply.error().status == 416) co_return Bytes{};
    co_return Failure(reply.error());
  }
  std::string_view body = reply->body;
  // 200: the range was not looked at, and all of it came.
  if (reply->status == 200) body.remove_prefix(std::min<std::uint64_t>(offset, body.size()));
  body = body.substr(0, length);
  co_return Bytes(body.begin(), body.end());
}

Task<Result<BlobInfo>> AzureBlobStore::info(BlobName name) {
  if (auto checked = detail::check_name(name); !checked) co_return Failure(checked.error());
  Request request{.doing = "look at blob", .method = "HEAD", .blob = name.text};
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(reply.error());
  co_return BlobInfo{
      .name = std::move(name),
      .bytes = length_of(*reply),
      .etag = detail::unquoted(reply->headers.get("ETag")),
      .modified_at = parse_http_date(reply->headers.get("Last-Modified")).value_or(WallTime{}),
      .content_type = std::string(reply->headers.get("Content-Type")),
      .tier = parse_storage_tier(reply->headers.get("x-ms-access-tier")),
      .rehydrating_to = detail::rehydration_of(reply->headers.get("x-ms-archive-status"))};
}

Task<Result<BlobPage>> AzureBlobStore::list(BlobListRequest list) {
  Request request{.doing = "list blobs",
                  .method = "GET",
                  .query = {{"restype", "container"},
                            {"comp", "list"},
                            {"maxresults", std::to_string(detail::page_size(list))}},
                  .response_bytes = listing_bytes_max};
  if (!list.prefix.empty()) request.query.emplace_back("prefix", list.prefix);
  if (list.by_folder) request.query.emplace_back("delimiter", "/");
  if (!list.marker.empty()) request.query.emplace_back("marker", list.marker);
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(reply.error());
  co_return parse_listing(reply->body);
}

Task<Result<void>> AzureBlobStore::remove(BlobName name) {
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  Request request{.doing = "remove blob",
                  .method = "DELETE",
                  .blob = name.text,
                  .headers = {{"x-ms-delete-snapshots", "include"}}};
  auto reply = co_await send(std::move(request));
  if (reply || reply.error().code == "BlobNotFound") co_return ok();
  co_return Failure(reply.error());
}

Task<Result<void>> AzureBlobStore::stage_block(BlobName name, std::uint32_t number, Bytes bytes) {
  if (auto checked = detail::check_block(name, number, bytes.size()); !checked) co_return checked;
  Request request{
      .doing = "put block",
      .method = "PUT",
      .blob = name.text,
      .query = {{"comp", "block"}, {"blockid", block_id(number)}},
      .headers = {{"Content-Type", "application/octet-stream"}, {"Content-MD5", md5_of(bytes)}},
      .body = text_of(bytes)};
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(reply.error());
  co_return ok();
}

Task<Result<void>> AzureBlobStore::commit_blocks(BlobName name, std::uint32_t count,
                                                 std::string content_type) {
  if (auto checked = detail::check_name(name); !checked) co_return checked;
  if (count > blocks_max)
    co_return fail(ErrorKind::invalid,
                   fmt::format("{} blocks; a blob has at most {}", count, blocks_max));
  std::vector<std::string> ids;
  ids.reserve(count);
  for (std::uint32_t number = 0; number < count; ++number) ids.push_back(block_id(number));
  // "Latest" takes the committed block where none is staged, so that this can be repeated.
  Request request{.doing = "put block list",
                  .method = "PUT",
                  .blob = name.text,
                  .query = {{"comp", "blocklist"}},
                  .headers = {{"Content-Type", "application/xml"}},
                  .body = block_list_xml(ids)};
  if (!content_type.empty()) request.headers.add("x-ms-blob-content-type", std::move(content_type));
  auto reply = co_await send(std::move(request));
  if (!reply) co_return Failure(reply.error());
  co_return ok();
}

Task<Result<void>> AzureBlobStore::make_container() {
  Request request{.doing = "make container", .method = "PUT", .query = {{"restype", "container"}}};
  auto reply = co_await send(std::move(request));
  if (reply || reply.error().code == "ContainerAlreadyExists") co_return ok();
  co_return Failure(reply.error());
}

Task<Result<void>> AzureBlobStore::check_access() {
  BlobListRequest one{.page_size_max = 1};
  auto page = co_await list(std::move(one));
  if (!page) co_return Failure(page.error());
  co_return ok();
}

std::string AzureBlobStore::target_of(const Request& request) const {
  auto target = base_path_ + "/" + options_.container;
  if (!request.blob.empty()) target += "/" + net::percent_encode_path(request.blob);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    target += separator + name + "=" + net::percent_encode(value);
    separator = '&';
  }
  if (options_.account.credential == AzureCredential::sas)
    target += separator + options_.account.sas.reveal();
  return target;
}

Task<Result<net::HttpReply>> AzureBlobStore::send_once(Request request, std::string request_id) {
  const auto target = target_of(request);
  const auto moved = std::max<std::uint64_t>(request.body.size(), request.response_bytes);
  net::HttpCall call{
      .method = request.method,
      .url = origin_ + target,
      .headers = request.headers,
      .timeout = options_.timeout +
                 std::chrono::seconds(
                     moved / std::max<std::uint64_t>(1, options_.transfer_bytes_per_second)),
      .response_bytes_max = static_cast<std::size_t>(request.response_bytes + error_bytes_max)};
  call.headers.add("x-ms-date", to_http_date(clock_.wall_now()));
  call.headers.add("x-ms-version", api_version);
  call.headers.add("x-ms-client-request-id", std::move(request_id));
  if (options_.account.credential == AzureCredential::shared_key) {
    const SignedRequest signed_request{.method = request.method,
                                       .target = target,
                                       .headers = call.headers,
                                       .content_length = request.body.size()};
    auto authorization =
        shared_key_authorization(signed_request, options_.account.name, options_.account.key);
    if (!authorization) co_return Failure(authorization.error());
    call.headers.add("Authorization", std::move(*authorization));
  } else if (options_.account.credential == AzureCredential::entra) {
    auto token = co_await tokens_->token(token_scope);
    if (!token) co_return fail("get a token for storage", token.error());
    call.headers.add("Authorization", "Bearer " + token->reveal());
  }
  call.body = std::move(request.body);
  co_return co_await http_.send(std::move(call));
}

Task<Result<net::HttpReply>> AzureBlobStore::send(Request request) {
  const auto request_id = make_uuid(random_);
  for (int attempt = 1;; ++attempt) {
    requests_.add();
    auto reply = co_await send_once(request, request_id);
    if (reply && reply->status >= 200 && reply->status < 300) co_return reply;
    auto error = reply ? detail::error_of(request.doing, *reply, clock_.wall_now()) : reply.error();
    if (!worth_retrying(error)) co_return Failure(error);
    const auto asked = Duration(error.retry_after_ms * 1'000);
    if (attempt >= options_.tries_max || asked > options_.retry_after_max) {
      failures_.add();
      co_return Failure(error);
    }
    retries_.add();
    log_.debug("storage is asked again", {{"try", attempt + 1}, {"error", error.message}});
    co_await clock_.sleep_for(std::max(asked, wait_before(attempt + 1)));
  }
}

Duration AzureBlobStore::wait_before(int next_try) {
  auto wait = options_.wait_first;
  for (int i = 2; i < next_try && wait < options_.wait_max; ++i) wait *= 2;
  wait = std::min(wait, options_.wait_max);
  return Duration(static_cast<std::int64_t>(static_cast<double>(wait.count()) *
                                            (0.5 + 0.5 * random_.next_unit())));
}

}  // namespace earshot::blob
