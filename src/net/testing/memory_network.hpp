#pragma once
// A network in memory: listeners by "host:port", connections as AF_UNIX sockets (of the abstract
// name space: nothing is written to disk). Host names need no resolving: a listener on any address
// answers for every host name on its port, unless `name_host` gave the port's host a listener of
// its own. Single-threaded.

#include "net/network.hpp"

namespace earshot::net {

class MemoryNetwork : public Network {
 public:
  MemoryNetwork();
  ~MemoryNetwork() override;
  Result<std::unique_ptr<Listener>> listen(std::string address, std::uint16_t port,
                                           bool share) override;
  Task<Result<SocketFd>> connect(std::string host, std::uint16_t port) override;
  std::string local_socket_name(std::string host, std::uint16_t port) override;
  // Connections to host:port fail from now on (or work again): a dead peer.
  void set_unreachable(std::string host, std::uint16_t port, bool unreachable);
  // Shuts every open connection to that port down, as a cut cable would after its timeout.
  void cut_connections(std::uint16_t port);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace earshot::net
