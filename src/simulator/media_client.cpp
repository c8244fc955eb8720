#include "simulator/media_client.hpp"

namespace earshot::simulator {

MediaClient::MediaClient(SimulatorServices services, const AcsOptions& options, Identity& identity,
                         Faults& faults, MediaClientSettings settings, Receiver receiver)
    : services_(services),
      options_(options),
      identity_(identity),
      faults_(faults),
      settings_(std::move(settings)),
      receiver_(std::move(receiver)) {}

Task<Result<void>> MediaClient::open() {
  const Fault fault = faults_.at("media.connect");
  if (fault.delay > Duration::zero()) co_await services_.clock.sleep_for(fault.delay);
  if (fault.drop || fault.status != 0)
    co_return fail(ErrorKind::unavailable, "media socket: a fault of the script");
  auto url = net::parse_url(settings_.stream.transport_url);
  if (!url) co_return fail("media socket", url.error());
  net::WebSocketClientOptions client{
      .url = std::move(*url),
      .headers = {{"x-ms-call-correlation-id", settings_.ids.correlation_id},
                  {"x-ms-call-connection-id", settings_.ids.connection_id}},
      .tls = options_.media_tls};
  const std::string token = identity_.media_token(options_.media_token);
  if (!token.empty()) client.headers.add("Authorization", "Bearer " + token);
  auto upgraded = co_await net::connect_websocket(services_.network, services_.executor,
                                                  services_.clock, std::move(client));
  if (!upgraded) co_return fail("media socket", upgraded.error());
  socket_ = std::move(upgraded->socket);
  const std::uint32_t frame_bytes = settings_.stream.rate_hz / 50 * 2;
  socket_->try_send(
      audio_metadata_message(settings_.subscription_id, settings_.stream.rate_hz, frame_bytes));
  co_return ok();
}

Task<net::WebSocketEnd> MediaClient::read() {
  // Held here too, so that cut() and close() do not take it away under the reader.
  const std::shared_ptr<net::WebSocket> socket = socket_;
  while (auto message = co_await socket->receive()) receiver_(decode_inbound(*message));
  if (socket_ == socket) socket_ = nullptr;
  co_return socket->end();
}

bool MediaClient::send(std::string message) {
  return socket_ != nullptr && socket_->try_send(std::move(message));
}

void MediaClient::cut() {
  if (socket_ != nullptr) socket_->abort();
}

Task<void> MediaClient::close() {
  const std::shared_ptr<net::WebSocket> socket = socket_;
  if (socket != nullptr) co_await socket->close(1000, "");
}

}  // namespace earshot::simulator
