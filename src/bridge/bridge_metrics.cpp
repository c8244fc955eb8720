#include "bridge/detail/bridge_metrics.hpp"

#include <utility>

namespace earshot::bridge {

BridgeMetrics::BridgeMetrics(Counters& counters)
    : interruptions(counters.counter("earshot_bridge_interruptions_total",
                                     "Times a caller interrupted the assistant")),
      sockets_replaced(counters.counter("earshot_bridge_sockets_replaced_total",
                                        "Media sockets replaced by a newer one of the same call")),
      sessions_opened(
          counters.counter("earshot_bridge_sessions_opened_total", "Assistant sessions opened")),
      sessions_failed(counters.counter("earshot_bridge_sessions_failed_total",
                                       "Attempts to open an assistant session that failed")),
      handover_dropped(counters.counter(
          "earshot_bridge_handover_dropped_total",
          "Messages lost between the thread of a socket and the thread of its call")),
      stop_audio_seconds(counters.histogram(
          "earshot_bridge_stop_audio_seconds",
          "From the event that the caller speaks to StopAudio in the socket's queue",
          {0.0001, 0.0005, 0.001, 0.005, 0.02, 0.1})),
      added_latency_seconds(
          counters.histogram("earshot_bridge_added_latency_seconds",
                             "From a caller's frame to the assistant's queue, of one frame in 64",
                             {0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005})),
      // What a frame waits before anybody looks at it shows in nothing that is measured from then
      // on. A full core shows here first, and here it shows that the backlog is gone again.
      timer_lag_seconds(
          counters.histogram("earshot_bridge_timer_lag_seconds",
                             "How much later than it was due a call's timer ran, once a second or "
                             "more: what the thread's other work keeps a frame waiting",
                             {0.001, 0.005, 0.02, 0.1, 0.5, 2})),
      caller_frames_(
          counters.counter("earshot_bridge_caller_frames_total", "Frames of callers that arrived")),
      caller_duplicate_(counters.counter("earshot_bridge_caller_frames_duplicate_total",
                                         "Frames with the timestamp of the frame before")),
      caller_late_(counters.counter("earshot_bridge_caller_frames_late_total",
                                    "Frames for a time that ledger and tap had closed")),
      caller_early_(counters.counter("earshot_bridge_caller_frames_early_total",
                                     "Frames ahead of real time by more than can be")),
      caller_gaps_(
          counters.counter("earshot_bridge_caller_gaps_total", "Gaps that timestamps revealed")),
      caller_nonsense_(counters.counter("earshot_bridge_caller_nonsense_total",
                                        "Messages of callers' sockets that could not be used")),
      early_dropped_(counters.counter("earshot_bridge_early_frames_dropped_total",
                                      "Frames dropped while the assistant was not ready")),
      appends_refused_(counters.counter("earshot_bridge_appends_refused_total",
                                        "Frames that the assistant's queue did not take")),
      deltas_(counters.counter("earshot_bridge_assistant_deltas_total",
                               "Pieces of audio that came from the assistant")),
      deltas_late_(counters.counter("earshot_bridge_assistant_deltas_late_total",
                                    "Pieces ignored because their response was interrupted")),
      deltas_refused_(counters.counter("earshot_bridge_assistant_deltas_refused_total",
                                       "Pieces that were not base64 of samples")),
      pieces_sent_(counters.counter("earshot_bridge_pieces_sent_total",
                                    "Pieces of audio sent to the phone side")),
      pieces_refused_(counters.counter("earshot_bridge_pieces_refused_total",
                                       "Pieces that the phone side's queue did not take")),
      backlog_dropped_(counters.counter("earshot_bridge_backlog_samples_dropped_total",
                                        "Samples over the bound of what waits to be played")),
      requests_refused_(counters.counter("earshot_bridge_requests_refused_total",
                                         "Requests that the assistant's queue did not take")),
      spool_refused_(counters.counter("earshot_bridge_spool_refused_total",
                                      "Pieces of ledger or tap that the spool did not take")) {}

namespace {

void move_to(Counter& counter, std::uint64_t& tally) {
  if (tally != 0) counter.add(static_cast<double>(std::exchange(tally, 0)));
}

}  // namespace

void BridgeMetrics::flush(BridgeTally& tally) {
  move_to(caller_frames_, tally.caller_frames);
  move_to(caller_duplicate_, tally.caller_frames_duplicate);
  move_to(caller_late_, tally.caller_frames_late);
  move_to(caller_early_, tally.caller_frames_early);
  move_to(caller_gaps_, tally.caller_gaps);
  move_to(caller_nonsense_, tally.caller_nonsense);
  move_to(early_dropped_, tally.early_frames_dropped);
  move_to(appends_refused_, tally.appends_refused);
  move_to(deltas_, tally.assistant_deltas);
  move_to(deltas_late_, tally.assistant_deltas_late);
  move_to(deltas_refused_, tally.assistant_deltas_refused);
  move_to(pieces_sent_, tally.pieces_sent);
  move_to(pieces_refused_, tally.pieces_refused);
  move_to(backlog_dropped_, tally.backlog_samples_dropped);
  move_to(requests_refused_, tally.requests_refused);
}

void BridgeMetrics::count_spool_refusals(std::uint64_t total, std::uint64_t& seen) {
  if (total > seen) spool_refused_.add(static_cast<double>(total - seen));
  seen = total;
}

}  // namespace earshot::bridge
