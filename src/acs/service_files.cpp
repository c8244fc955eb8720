#include "acs/service_files.hpp"

#include "acs/connection_string.hpp"
#include "acs/detail/request_credentials.hpp"
#include "net/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <limits>

namespace earshot::acs {
namespace {

constexpr const char* enough = "enough";  // code of the error that ends a body early

struct ContentRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> total;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// "bytes 10-14/200", "bytes */200", "bytes 10-14/*".
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range{.total = number_of(text.substr(slash + 1))};
  const auto span = text.substr(0, slash);
  if (span == "*") return range;
  const auto first = number_of(span.substr(0, span.find('-')));
  if (!first) return std::nullopt;
  range.first = *first;
  return range;
}

// What a body brings of the piece that is wanted. The storage may answer with the range, or with
// the whole file: then what is not wanted is passed over, and what comes after it is not waited
// for. Never holds more than the piece.
class PieceTaker {
 public:
  PieceTaker(std::uint64_t offset, std::uint64_t length) : offset_(offset), length_(length) {}

  Result<void> head(const net::HttpReply& reply) {
    if (reply.status < 200 || reply.status > 299) return ok();
    // ACS was seen to send Content-Range with 200 as well as with 206.
    if (const auto text = reply.headers.find("Content-Range")) {
      const auto range = parse_content_range(*text);
      if (!range || range->first > offset_)
        return fail(ErrorKind::unavailable, "the storage answered with another range");
      position_ = range->first;
      total_ = range->total;
      return ok();
    }
    if (const auto length = reply.headers.find("Content-Length")) total_ = number_of(*length);
    return ok();
  }

  Result<void> take(std::string_view body) {
    const auto begin = position_;
    position_ += body.size();
    const auto end = offset_ + length_;
    if (position_ > offset_ && begin < end) {
      const auto from = std::max(begin, offset_) - begin;
      const auto to = std::min(position_, end) - begin;
      const auto wanted = as_bytes(body.substr(from, to - from));
      bytes_.insert(bytes_.end(), wanted.begin(), wanted.end());
    }
    if (position_ <= end || !total_) return ok();
    return Failure(Error{.kind = ErrorKind::unavailable,
                         .message = "the rest of the file is not wanted",
                         .code = enough});
  }

  // After a body that came to its end, or to `enough`.
  Result<ServicePiece> piece(bool ended) {
    if (!total_ && ended) total_ = position_;
    const auto total = total_.value_or(0);
    const auto wanted = total > offset_ ? std::min(length_, total - offset_) : 0;
    if (bytes_.size() != wanted)
      return fail(ErrorKind::unavailable,
                  fmt::format("{} bytes came where {} were due", bytes_.size(), wanted));
    return ServicePiece{.bytes = std::move(bytes_), .file_bytes = total};
  }

 private:
  std::uint64_t offset_;
  std::uint64_t length_;
  std::uint64_t position_ = 0;  // of the body's next byte in the file
  std::optional<std::uint64_t> total_;
  Bytes bytes_;
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// What "//host/path", "/path" and whole URLs mean behind `base`; anything else is refused by
// whoever checks the outcome.
std::string resolve(const net::Url& base, std::string_view location) {
  if (location.starts_with("//")) return fmt::format("{}:{}", base.scheme, location);
  if (location.starts_with('/'))
    return fmt::format("{}://{}{}", base.scheme, base.authority(), location);
  return std::string(location);
}

ErrorKind kind_of(int status) {
  if (status == 404 || status == 410) return ErrorKind::not_found;
  if (status == 401 || status == 403) return ErrorKind::refused;
  // 400 comes now and then from a front end that is not well, with a page of HTML.
  return ErrorKind::unavailable;
}

class ServiceFileClient : public ServiceFiles {
 public:
  ServiceFileClient(ServiceFilesServices services, ServiceFilesOptions options, DownloadHosts hosts,
                    detail::RequestCredentials credentials)
      : services_(services),
        options_(std::move(options)),
        hosts_(std::move(hosts)),
        credentials_(std::move(credentials)),
        bytes_(services_.counters.counter("earshot_service_download_bytes_total",
                                          "bytes of recordings fetched from ACS's storage",
                                          {{"resource", options_.resource}})),
        refused_(services_.counters.counter(
            "earshot_service_hosts_refused_total",
            "locations of files that are on no host of ACS's storage, and were not asked",
            {{"resource", options_.resource}})) {}

  Result<void> check(const std::string& location) const override {
    auto url = hosts_.check(location);
    if (!url) return Failure(url.error());
    return ok();
  }

  Task<Result<ServicePiece>> read(ServiceFile file, std::uint64_t offset,
                                  std::uint64_t length) override {
    if (length == 0 || length > std::numeric_limits<std::uint64_t>::max() - offset)
      co_return fail(ErrorKind::invalid, "no such piece of a file");
    auto taker = std::make_shared<PieceTaker>(offset, length);
    auto reply = co_await exchange("GET", std::move(file.location),
                                   fmt::format("bytes={}-{}", offset, offset + length - 1), taker);
    if (!reply && reply.error().code != enough) co_return fail("download", reply.error());
    if (reply && reply->status == 416) co_return past_the_end(*reply, offset);
    auto piece = taker->piece(reply.has_value());
    if (!piece) co_return fail("download", piece.error());
    bytes_.add(static_cast<double>(piece->bytes.size()));
    co_return piece;
  }

  Task<Result<void>> remove(ServiceFile file) override {
    auto reply = co_await exchange("DELETE", std::move(file.location), "", nullptr);
    if (!reply && reply.error().kind == ErrorKind::not_found) co_return ok();
    if (!reply) co_return fail("delete at ACS", reply.error());
    co_return ok();
  }

 private:
  static Result<ServicePiece> past_the_end(const net::HttpReply& reply, std::uint64_t offset) {
    const auto range = parse_content_range(reply.headers.get("Content-Range"));
    if (range && range->total && *range->total <= offset)
      return ServicePiece{.bytes = {}, .file_bytes = *range->total};
    // A file without a byte has no range that could be satisfied.
    if (offset == 0) return ServicePiece{};
    return fail(ErrorKind::unavailable, "download: the storage answered 416");
  }

  // A 2xx or 416 reply; redirects followed.
  Task<Result<net::HttpReply>> exchange(std::string method, std::string location, std::string range,
                                        std::shared_ptr<PieceTaker> taker) {
    for (int redirects = 0;; ++redirects) {
      auto url = hosts_.check(location);
      if (!url) {
        refused_.add();
        co_return Failure(url.error());
      }
      auto reply = co_await ask(method, *url, range, taker);
      if (!reply) co_return Failure(reply.error());
      const bool good = reply->status >= 200 && reply->status < 300;
      if (good || (reply->status == 416 && taker)) co_return reply;
      if (!is_redirect(reply->status)) co_return refusal(*reply);
      const auto target = reply->headers.get("Location");
      if (target.empty() || redirects == options_.redirects_max)
        co_return fail(ErrorKind::unavailable, "the storage redirects without an end");
      location = resolve(*url, target);
    }
  }

  Task<Result<net::HttpReply>> ask(std::string method, net::Url url, std::string range,
                                   std::shared_ptr<PieceTaker> taker) {
    net::HttpCall call;
    call.method = method;
    // From its parts, so that who checked the host and who connects cannot read it differently.
    call.url = url.text();
    call.timeout = options_.timeout;
    // Bounds what is read past by a storage that knows no ranges; a piece is bounded by its length.
    call.response_bytes_max = taker ? std::numeric_limits<std::size_t>::max() : 1 << 20;
    call.headers.add("Accept", "application/json");
    call.headers.add("x-ms-host", credentials_.host());
    call.headers.add("OriginalUrl", call.url);
    if (!range.empty()) call.headers.add("Range", range);
    auto credentials =
        co_await credentials_.headers(method, url.target.substr(0, url.target.find('?')), "");
    if (!credentials) co_return fail("credentials for ACS's storage", credentials.error());
    for (const auto& [name, value] : *credentials) call.headers.add(name, value);
    if (!taker) co_return co_await services_.http.send(std::move(call));
    call.on_head = [taker](const net::HttpReply& reply) { return taker->head(reply); };
    co_return co_await services_.http.download(
        std::move(call), [taker](std::string_view body) { return taker->take(body); });
  }

  Failure refusal(const net::HttpReply& reply) const {
    Error error{.kind = kind_of(reply.status),
                .message = fmt::format("ACS's storage answered {}", reply.status),
                .status = reply.status};
    error.retry_after_ms = net::retry_after_of(reply.headers, services_.clock.wall_now()) / 1ms;
    return Failure(std::move(error));
  }

  ServiceFilesServices services_;
  ServiceFilesOptions options_;
  DownloadHosts hosts_;
  detail::RequestCredentials credentials_;
  Counter& bytes_;
  Counter& refused_;
};

}  // namespace

Result<std::unique_ptr<ServiceFiles>> make_service_files(ServiceFilesServices services,
                                                         ServiceFilesOptions options) {
  auto hosts = DownloadHosts::make(options.download_hosts);
  if (!hosts) return fail("RECORDING_DOWNLOAD_HOSTS", hosts.error());
  auto endpoint = parse_endpoint(options.endpoint);
  if (!endpoint) return Failure(endpoint.error());
  detail::CredentialOptions asking{
      .endpoint = *endpoint, .access_key = options.access_key, .token_scope = options.token_scope};
  auto credentials =
      detail::RequestCredentials::make(std::move(asking), services.tokens, services.clock);
  if (!credentials) return Failure(credentials.error());
  return std::make_unique<ServiceFileClient>(services, std::move(options), std::move(*hosts),
                                             std::move(*credentials));
}

}  // namespace earshot::acs
