#pragma once
// On which hosts recordings may be downloaded from. A location comes from outside, and a request to
// it carries a signature that is made with the resource's key; so no other host is ever asked.
// Pure.

#include "net/url.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::acs {

class DownloadHosts {
 public:
  // `more`: beyond ACS's own storage hosts: "host", "host:port", or ".suffix" for all hosts below
  // it. `invalid` names the entry that is none.
  static Result<DownloadHosts> make(std::vector<std::string> more);

  // https on a known host, or plain http on a loopback host that is listed in so many words;
  // without user and password. `refused` says why not.
  Result<net::Url> check(std::string_view location) const;

 private:
  struct Entry {
    std::string host;        // lower case; begins with "." for a suffix
    std::uint16_t port = 0;  // 0: any
  };
  bool is_listed(const net::Url& url) const;

  std::vector<Entry> entries_;
};

}  // namespace earshot::acs
