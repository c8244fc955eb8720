#pragma once
// The service's end of the media socket: opens the transport URL with a token and the two ids,
// sends the metadata and then whatever it is given, and hands on what comes back.

#include "net/websocket.hpp"
#include "simulator/acs_options.hpp"
#include "simulator/callback_events.hpp"
#include "simulator/identity.hpp"
#include "simulator/media_messages.hpp"
#include "simulator/rest_messages.hpp"
#include "simulator/services.hpp"

#include <functional>
#include <memory>
#include <string>

namespace earshot::simulator {

struct MediaClientSettings {
  CallIds ids;
  MediaStreamingOptions stream;
  std::string subscription_id;
};

class MediaClient {
 public:
  using Receiver = std::function<void(InboundMessage)>;

  // All outlive this.
  MediaClient(SimulatorServices services, const AcsOptions& options, Identity& identity,
              Faults& faults, MediaClientSettings settings, Receiver receiver);

  // Opens the socket and sends AudioMetadata.
  Task<Result<void>> open();
  // Reads until the socket ends. Only after a successful open().
  Task<net::WebSocketEnd> read();
  bool is_open() const { return socket_ != nullptr; }
  // False: there is no socket, or its queue is full.
  bool send(std::string message);
  // As a cable that is pulled.
  void cut();
  // An orderly end, as at hang-up.
  Task<void> close();

 private:
  SimulatorServices services_;
  const AcsOptions& options_;
  Identity& identity_;
  Faults& faults_;
  MediaClientSettings settings_;
  Receiver receiver_;
  std::shared_ptr<net::WebSocket> socket_;
};

}  // namespace earshot::simulator
