#pragma once
// A Listener over a listening socket of any family.

#include "net/network.hpp"

#include <functional>
#include <memory>
#include <sys/socket.h>

namespace earshot::net::detail {

// Called for each accepted socket; gives the text for Accepted::peer.
using OnAccepted = std::function<std::string(int fd, const sockaddr_storage& peer)>;

// `socket` listens and does not block. The event loop is that of the first coroutine in accept().
std::unique_ptr<Listener> make_socket_listener(SocketFd socket, std::uint16_t port,
                                               OnAccepted on_accepted);

}  // namespace earshot::net::detail
