#include "simulator/blob_service.hpp"

#include "net/url.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <string_view>

namespace earshot::simulator {
namespace {

constexpr const char* account = "devstoreaccount1";
constexpr const char* account_key = "ZWFyc2hvdC1zaW11bGF0b3ItYmxvYi1hY2NvdW50LWtleS0wMDAx";
constexpr std::size_t body_bytes_max = std::size_t{300} << 20;
constexpr std::size_t names_a_page_max = 5'000;

net::HttpResponse blob_error(int status, std::string_view code) {
  net::HttpResponse response{.status = status};
  response.headers.set("Content-Type", "application/xml");
  response.headers.set("x-ms-error-code", std::string(code));
  response.body = fmt::format(
      R"(<?xml version="1.0" encoding="utf-8"?><Error><Code>{}</Code><Message>{}</Message></Error>)",
      code, code);
  return response;
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

std::string etag_of(std::uint64_t version) { return fmt::format("\"0x8D{:013X}\"", version); }

struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

// "bytes=10-14", "bytes=10-". nullopt: not satisfiable, or not understood.
std::optional<Range> read_range(std::string_view text, std::size_t size) {
  if (!text.starts_with("bytes=") || size == 0) return std::nullopt;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits, std::size_t& value) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
  };
  Range range{.last = size - 1};
  if (!number(text.substr(0, dash), range.first)) return std::nullopt;
  if (dash + 1 < text.size() && !number(text.substr(dash + 1), range.last)) return std::nullopt;
  range.last = std::min(range.last, size - 1);
  if (range.first > range.last) return std::nullopt;
  return range;
}

// What stands between the next <tag> and </tag>; moves `at` behind it.
std::optional<std::string> next_element(const std::string& xml, std::string_view tag,
                                        std::size_t& at) {
  const auto open = xml.find(fmt::format("<{}>", tag), at);
  if (open == std::string::npos) return std::nullopt;
  const auto begin = open + tag.size() + 2;
  const auto end = xml.find('<', begin);
  if (end == std::string::npos) return std::nullopt;
  at = end;
  return xml.substr(begin, end - begin);
}

// The first name that does not begin with `prefix` and comes behind those that do.
std::string behind(std::string prefix) {
  ++prefix.back();  // never 0xFF: it ends in "/"
  return prefix;
}

class ServiceChunkStore : public ChunkStore {
 public:
  ServiceChunkStore(BlobService& service, std::string container)
      : service_(service), container_(std::move(container)) {}
  Task<Result<void>> put(std::string, std::string name, std::string bytes, std::string) override {
    service_.put(container_, name, std::move(bytes));
    co_return ok();
  }

 private:
  BlobService& service_;
  std::string container_;
};

}  // namespace

void BlobService::add_routes(net::Router& router) {
  for (const char* method : {"GET", "PUT", "DELETE"})
    for (const char* below : {"{container}", "{container}/{blob*}"})
      router.add(method, fmt::format("/{}/{}", account, below),
                 [this](net::HttpRequest request) { return serve(std::move(request)); },
                 {.body_bytes_max = body_bytes_max});
}

std::string BlobService::connection_string(const std::string& base_url) {
  return fmt::format("AccountName={};AccountKey={};BlobEndpoint={}/{}", account, account_key,
                     base_url, account);
}

std::string BlobService::container_url(const std::string& base_url, const std::string& container) {
  return fmt::format("{}/{}/{}", base_url, account, container);
}

void BlobService::put(const std::string& container, const std::string& name, std::string bytes) {
  place(containers_[container], name, std::move(bytes));
}

std::vector<std::string> BlobService::names(const std::string& container) const {
  std::vector<std::string> out;
  const auto found = containers_.find(container);
  if (found == containers_.end()) return out;
  out.reserve(found->second.blobs.size());
  for (const auto& entry : found->second.blobs) out.push_back(entry.first);
  return out;
}

Task<net::HttpResponse> BlobService::serve(net::HttpRequest request) {
  ++use_.requests;
  use_.bytes_in += request.body.size();
  auto response = away_ ? blob_error(503, "ServerBusy") : answer(request);
  if (away_) ++use_.refused;
  if (request.method != "HEAD") use_.bytes_out += response.body.size();
  co_return response;
}

net::HttpResponse BlobService::answer(const net::HttpRequest& request) {
  if (request.headers.get("Authorization").empty()) return blob_error(403, "AuthenticationFailed");
  const std::string container(request.path_parameter("container"));
  const std::string name(request.path_parameter("blob"));
  if (name.empty() && request.method == "PUT") {
    if (containers_.contains(container)) return blob_error(409, "ContainerAlreadyExists");
    containers_.try_emplace(container);
    return {.status = 201};
  }
  const auto found = containers_.find(container);
  if (found == containers_.end()) return blob_error(404, "ContainerNotFound");
  if (name.empty()) {
    const bool asked = request.method == "GET" && request.query("comp") == "list";
    return asked ? list(request, found->second) : blob_error(400, "InvalidQueryParameterValue");
  }
  // Tiers, tags, holds: as an account without them answers.
  const auto comp = request.query("comp");
  if (comp && *comp != "block" && *comp != "blocklist")
    return blob_error(400, "FeatureNotSupportedForAccount");
  if (request.method == "PUT") return write(request, found->second, name);
  const auto blob = found->second.blobs.find(name);
  if (blob == found->second.blobs.end()) return blob_error(404, "BlobNotFound");
  if (request.method != "DELETE") return read(request, blob->second);
  found->second.blobs.erase(blob);
  return {.status = 202};
}

// Begins at the marker, and jumps from a folder to what comes behind it.
net::HttpResponse BlobService::list(const net::HttpRequest& request, const Container& container) {
  const auto prefix = request.query("prefix").value_or("");
  const auto marker = request.query("marker").value_or("");
  const bool by_folder = request.query("delimiter") == "/";
  std::size_t wanted = names_a_page_max;
  if (const auto text = request.query("maxresults"))
    std::from_chars(text->data(), text->data() + text->size(), wanted);
  wanted = std::clamp<std::size_t>(wanted, 1, names_a_page_max);
  std::string entries;
  std::string next;
  std::size_t shown = 0;
  const auto& blobs = container.blobs;
  for (auto at = blobs.lower_bound(std::max(prefix, marker));
       at != blobs.end() && at->first.starts_with(prefix); ++shown) {
    if (shown == wanted) {
      next = at->first;
      break;
    }
    const auto& [name, blob] = *at;
    const auto slash = by_folder ? name.find('/', prefix.size()) : std::string::npos;
    if (slash != std::string::npos) {
      const auto folder = name.substr(0, slash + 1);
      entries += fmt::format("<BlobPrefix><Name>{}</Name></BlobPrefix>", escaped(folder));
      at = blobs.lower_bound(behind(folder));
      continue;
    }
    entries += fmt::format(
        "<Blob><Name>{}</Name><Properties><Last-Modified>{}</Last-Modified><Etag>{}</Etag>"
        "<Content-Length>{}</Content-Length><Content-Type>{}</Content-Type>"
        "<BlobType>BlockBlob</BlobType></Properties></Blob>",
        escaped(name), to_http_date(blob.modified_at), etag_of(blob.version), blob.bytes.size(),
        blob.content_type.empty() ? "application/octet-stream" : escaped(blob.content_type));
    ++at;
  }
  ++use_.listings;
  use_.names_listed += shown;
  net::HttpResponse response;
  response.headers.set("Content-Type", "application/xml");
  response.body =
      fmt::format(R"(<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Prefix>{}</Prefix>)"
                  R"(<Blobs>{}</Blobs><NextMarker>{}</NextMarker></EnumerationResults>)",
                  escaped(prefix), entries, escaped(next));
  return response;
}

net::HttpResponse BlobService::read(const net::HttpRequest& request, const Blob& blob) const {
  const auto etag = etag_of(blob.version);
  if (const auto match = request.headers.find("If-Match"); match && *match != etag)
    return blob_error(412, "ConditionNotMet");
  net::HttpResponse response;
  response.headers.set("Content-Type",
                       blob.content_type.empty() ? "application/octet-stream" : blob.content_type);
  response.headers.set("ETag", etag);
  response.headers.set("Last-Modified", to_http_date(blob.modified_at));
  auto asked = request.headers.find("x-ms-range");
  if (!asked) asked = request.headers.find("Range");
  if (!asked || request.method == "HEAD") {
    response.body = blob.bytes;
    return response;
  }
  const auto range = read_range(*asked, blob.bytes.size());
  if (!range) return blob_error(416, "InvalidRange");
  response.status = 206;
  response.headers.set("Content-Range",
                       fmt::format("bytes {}-{}/{}", range->first, range->last, blob.bytes.size()));
  response.body = blob.bytes.substr(range->first, range->last - range->first + 1);
  return response;
}

net::HttpResponse BlobService::write(const net::HttpRequest& request, Container& container,
                                     const std::string& name) {
  const auto comp = request.query("comp");
  if (comp == "block") {
    container.staged[name][request.query("blockid").value_or("")] = request.body;
    return {.status = 201};
  }
  if (comp == "blocklist") return commit(request, container, name);
  if (request.headers.get("If-None-Match") == "*" && container.blobs.contains(name))
    return blob_error(409, "BlobAlreadyExists");
  auto& blob = place(container, name, request.body);
  blob.content_type = request.headers.get("Content-Type");
  return stored(blob);
}

// Each block from where it is newest: staged, or of the blob as it stands.
net::HttpResponse BlobService::commit(const net::HttpRequest& request, Container& container,
                                      const std::string& name) {
  const auto present = container.blobs.find(name);
  const auto& staged = container.staged[name];
  std::string whole;
  std::vector<std::pair<std::string, std::size_t>> blocks;
  std::size_t at = 0;
  while (auto id = next_element(request.body, "Latest", at)) {
    std::string_view bytes;
    bool found = false;
    if (const auto one = staged.find(*id); one != staged.end()) {
      bytes = one->second;
      found = true;
    } else if (present != container.blobs.end()) {
      std::size_t offset = 0;
      for (const auto& [block, length] : present->second.blocks) {
        found = block == *id;
        if (found) bytes = std::string_view(present->second.bytes).substr(offset, length);
        if (found) break;
        offset += length;
      }
    }
    if (!found) return blob_error(400, "InvalidBlockList");
    whole += bytes;
    blocks.emplace_back(std::move(*id), bytes.size());
  }
  auto& blob = place(container, name, std::move(whole));
  blob.blocks = std::move(blocks);
  blob.content_type = request.headers.get("x-ms-blob-content-type");
  container.staged.erase(name);
  return stored(blob);
}

net::HttpResponse BlobService::stored(const Blob& blob) const {
  net::HttpResponse response{.status = 201};
  response.headers.set("ETag", etag_of(blob.version));
  response.headers.set("Last-Modified", to_http_date(blob.modified_at));
  return response;
}

BlobService::Blob& BlobService::place(Container& container, const std::string& name,
                                      std::string bytes) {
  auto& blob = container.blobs[name];
  blob = Blob{.bytes = std::move(bytes), .version = ++writes_, .modified_at = clock_.wall_now()};
  return blob;
}

std::unique_ptr<ChunkStore> make_service_chunk_store(BlobService& service, std::string container) {
  return std::make_unique<ServiceChunkStore>(service, std::move(container));
}

}  // namespace earshot::simulator
