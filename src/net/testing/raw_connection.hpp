#pragma once
// A client that writes and reads bytes as they are: for what no well-behaved library would send.

#include "base/executor.hpp"
#include "net/network.hpp"

#include <memory>
#include <string>

namespace earshot::net {

class RawConnection {
 public:
  virtual ~RawConnection() = default;  // closes
  // False: the peer is gone.
  virtual Task<bool> write(std::string bytes) = 0;
  // What has come up to and with `end`, or all there was when the peer closed first. More than one
  // may be in a piece: the rest is kept for the next call.
  virtual Task<std::string> read_until(std::string end) = 0;
  // Everything until the peer closes.
  virtual Task<std::string> read_to_end() = 0;
  // Writes no more, and reads on.
  virtual void shut_writing() = 0;
  virtual void close() = 0;
};

Task<Result<std::unique_ptr<RawConnection>>> connect_raw(Network& network, Executor& executor,
                                                         std::string host, std::uint16_t port);
// The same over what a Listener gave.
std::unique_ptr<RawConnection> make_raw(Executor& executor, SocketFd socket);

}  // namespace earshot::net
