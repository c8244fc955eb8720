#pragma once
// Every setting of the ACS side of the simulator. The defaults are those of a service that works;
// each oddity and delay of the real one can be turned on.

#include "net/tls.hpp"
#include "simulator/call_plan.hpp"
#include "simulator/event_delivery.hpp"
#include "simulator/faults.hpp"
#include "simulator/identity.hpp"
#include "simulator/media_messages.hpp"
#include "simulator/recording_files.hpp"

#include <memory>
#include <string>
#include <vector>

namespace earshot::simulator {

enum class MediaReconnect {
  by_itself,   // ACS comes back on its own
  when_asked,  // only after :startMediaStreaming
  never,
};

struct AcsOptions {
  std::string label;  // of the resource, among several
  // Its phone numbers; empty: every number. A call that is redirected to one of them rings again.
  std::vector<std::string> numbers;
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string public_url;                       // empty: http(s)://127.0.0.1:<port>
  std::shared_ptr<net::TlsContext> server_tls;  // none: plain http and ws
  std::string access_key_base64 = "ZWFyc2hvdC1zaW11bGF0b3ItYWNjZXNzLWtleS0wMDE=";
  bool verify_signatures = true;
  std::size_t calls_max = 10'000;  // at once; further ones are refused

  IdentityOptions identity;
  EventDeliveryOptions events;
  // The subscription's endpoint, secret included; a call plan may name another.
  std::string event_grid_url;
  std::vector<FaultRule> faults;
  std::uint64_t seed = 1;

  // Calls.
  Duration ring_window = 30s;
  Duration connect_delay = 200ms;
  bool callbacks_before_response = false;  // events overtake the answer that they follow from
  bool batch_connected_events = false;     // CallConnected and ParticipantsUpdated in one array
  bool participants_first = false;         // ParticipantsUpdated before CallConnected
  Duration disconnected_readable{};        // how long an ended call can still be asked for
  CallPlan outbound_plan;                  // what the callee of a created call does
  Duration outbound_ring = 1s;

  // Media.
  Duration line_delay_min = 150ms;
  Duration line_delay_max = 400ms;
  SilentFrames silent_frames = SilentFrames::with_samples;
  bool participant_in_frames = true;
  TokenForm media_token = TokenForm::good;
  MediaReconnect media_reconnect = MediaReconnect::by_itself;
  Duration media_reconnect_delay = 500ms;
  int media_reconnects_max = 10;
  std::shared_ptr<net::TlsContext> media_tls;  // for wss

  // Recording.
  Duration recording_start_delay = 300ms;
  bool recording_answers_202 = false;
  bool recording_ends_first = false;  // RecordingStateChanged(inactive) before CallDisconnected
  Duration chunk_length = 4h;
  Duration chunk_write_delay = 1s;
  Duration file_event_delay = 2s;
  bool send_file_event = true;
  // Also when the start request names no container of the customer's.
  bool export_always = false;
  RecordingFileOptions files;
  Duration service_storage_kept = 24h;
  std::size_t service_storage_bytes_max = 512u << 20;
};

}  // namespace earshot::simulator
