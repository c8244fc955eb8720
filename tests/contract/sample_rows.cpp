#include "tests/contract/sample_rows.hpp"

#include <fmt/format.h>

namespace earshot::contract {
namespace {

std::string text_of(const std::optional<WallTime>& time) { return time ? to_iso8601(*time) : "-"; }
std::string text_of(WallTime time) { return to_iso8601(time); }

std::string text_of(const ResultInformation& result) {
  return fmt::format("{}/{} {}", result.code, result.sub_code, result.message);
}

struct BodyText {
  std::string operator()(const IncomingCall& b) const {
    return fmt::format("ring {} {} {} {} {} {} {}", b.correlation_id.text, b.server_call_id.text,
                       b.incoming_call_context.reveal(), b.caller, b.called, b.caller_name,
                       b.resource_topic);
  }
  std::string operator()(const CallConnected&) const { return "connected"; }
  std::string operator()(const CallDisconnected& b) const { return "gone " + text_of(b.result); }
  std::string operator()(const AnswerFailed& b) const { return "unanswered " + text_of(b.result); }
  std::string operator()(const RecordingStateChanged& b) const {
    return fmt::format("state {} {} {}", b.recording_id.text, b.active, text_of(b.started_at));
  }
  std::string operator()(const StartRecordingFailed& b) const {
    return fmt::format("no start {} {}", b.recording_id.text, text_of(b.result));
  }
  std::string operator()(const MediaStreamingStarted& b) const { return "media on " + b.details; }
  std::string operator()(const MediaStreamingStopped& b) const { return "media off " + b.details; }
  std::string operator()(const MediaStreamingFailed& b) const {
    return fmt::format("media bad {} {}", text_of(b.result), b.details);
  }
  std::string operator()(const RecordingFileStatusUpdated& b) const {
    auto text = fmt::format("file {} {} {} {}", b.recording_id.text, text_of(b.started_at),
                            b.duration ? b.duration->count() : -1, b.session_end_reason);
    for (const auto& c : b.chunks)
      text += fmt::format(" [{} {} {} {} {} {}]", c.index, c.document_id, c.end_reason,
                          c.content_location, c.metadata_location, c.delete_location);
    return text;
  }
  std::string operator()(const OtherEvent&) const { return "other"; }
};

}  // namespace

WallTime at_second(int second) {
  return *parse_iso8601("2026-03-02T09:15:00.001234Z") + std::chrono::seconds(second);
}

Call sample_call(const std::string& id) {
  Call call{.id = {id}};
  call.phase = CallPhase::connected;
  call.correlation_id = {"correlation-" + id};
  call.server_call_id = {"aHR0cHM6Ly9" + id};
  call.connection_id = {"connection-" + id};
  call.ring_key = "ring/" + id;
  call.link_key = "link-" + id;
  call.answer_request_id = "answer-" + id;
  call.answer_first_sent = at_second(1);
  call.resource = "resource one";
  call.received_at = at_second(0);
  call.rang_at = at_second(-1);
  call.answered_at = at_second(2);
  call.connected_at = at_second(3);
  call.ended_at = at_second(100);
  call.end_reason = "remote party hung up (200/560000)";
  call.end_code = 200;
  call.end_sub_code = 560000;
  call.recording_wish = RecordingWish::pause;
  call.recording_phase = RecordingPhase::paused;
  call.recording_id = {"recording-" + id};
  call.recording_start_request_id = "start-" + id;
  call.recording_start_first_sent = at_second(4);
  call.recording_starts = 2;
  call.recording_state_event_seen = true;
  call.media_connected = true;
  call.media_restarts = 3;
  call.consent = RecordingConsent::notice_first;
  call.is_private = true;
  call.recording_start_paused = true;
  call.notice = PlayedNotice{.from = 1200ms,
                             .to = 4300ms,
                             .samples = 74'400,
                             .rate_hz = 24'000,
                             .text_sha256 = std::string(64, 'a')};
  return call;
}

Recording sample_recording(const std::string& id, const std::string& call) {
  return {.id = {id},
          .call = {call},
          .phase = RecordingPhase::active,
          .channels = RecordingChannels::unmixed,
          .format = RecordingFormat::mp3,
          .byos = false,
          .requested_at = at_second(5),
          .active_at = at_second(6),
          .ended_at = at_second(7),
          .ended_after = at_second(6),
          .end_reason = "by our stop",
          .discovery = Discovery::incomplete,
          .folder = "20260302/a/b/",
          .discovered_at = at_second(8)};
}

Chunk sample_chunk(const std::string& recording, std::uint32_t index) {
  return {.recording = {recording},
          .index = {index},
          .audio = {"20260302/a/b/0-audio.wav"},
          .metadata = {"20260302/a/b/0-acsmetadata.json"},
          .document_id = "0-wus-d1",
          .bytes = 6'000'000'000,
          .format = {.sample_rate_hz = 16000, .channels = 2, .bits_per_sample = 16},
          .data_offset = 44,
          .data_bytes = 5'999'999'956,
          .start = at_second(9),
          .duration = 4h,
          .etag = "0x8D",
          .found_at = at_second(10)};
}

Turn sample_turn(const std::string& call, const std::string& item) {
  return {.call = {call},
          .item_id = item,
          .session_id = "session-1",
          .speaker = Speaker::assistant,
          .start = 1'500'000us,
          .end = 2'500'000us,
          .text = "Good \xc3\xa4",
          .generated_text = "Good afternoon, and\nwelcome",
          .interrupted = true,
          .cut_is_estimated = true,
          .words = {{.text = "Good", .start = 1'500'000us, .end = 1'700'000us},
                    {.text = "a \\ b\n", .start = 1'700'000us, .end = 2'500'000us}},
          .cut = TurnCut{.stop_left = 2'750'000us,
                         .played_until = 2'700'000us,
                         .generated = 4'000'001us,
                         .words = {{.text = "and", .start = 2'500'000us, .end = 2'600'000us}}}};
}

Verdict sample_verdict(const std::string& call, int number) {
  Verdict verdict{.call = {call}, .number = number, .at = at_second(90)};
  verdict.kind = VerdictKind::gapped;
  verdict.by_acs = true;
  auto& n = verdict.numbers;
  Duration next = 1001us;
  for (Duration* one : {&n.call, &n.paused, &n.expected, &n.present, &n.repaired, &n.lost,
                        &n.start_delay, &n.tail_loss, &n.unseen, &n.ledger, &n.caller_alone,
                        &n.caller_heard, &n.assistant_alone, &n.assistant_heard})
    *one = next += 1ms;
  n.recordings = 2;
  n.chunks = 3;
  verdict.gaps = {{.from = 10s,
                   .to = 12500001us,
                   .cause = GapCause::chunk_missing,
                   .counts = false,
                   .repaired = true,
                   .caller_spoke = 20ms,
                   .assistant_spoke = 40ms,
                   .ledger_heard = true},
                  {.from = 30s, .to = 31s, .cause = GapCause::tail_lost}};
  verdict.findings = {{.kind = FindingKind::missing_index,
                       .recording = {"a recording\\s with spaces"},
                       .chunk = ChunkIndex{1},
                       .party = Speaker::assistant,
                       .from = 10s,
                       .to = 12500001us,
                       .detail = "chunk 1 is not there,\nand \\ neither is the file"},
                      {.kind = FindingKind::uncorroborated,
                       .recording = {"-"},
                       .chunk = {},
                       .party = {},
                       .detail = {}}};
  verdict.timeline = {.from = 0s,
                      .to = 31s,
                      .spans = {{.from = 0s,
                                 .to = 10s,
                                 .kind = SpanKind::recorded,
                                 .source = SpanSource::acs,
                                 .recording = {"eyJ"},
                                 .chunk = {4},
                                 .first_frame = 16'000,
                                 .frames = 144'000'000'000},
                                {.from = 10s,
                                 .to = 31s,
                                 .kind = SpanKind::repaired,
                                 .source = SpanSource::tap,
                                 .cause = GapCause::chunk_torn}}};
  verdict.mapping.pieces = {{.side = Speaker::assistant,
                             .recording = {"eyJ"},
                             .chunk = {4},
                             .from = 1s,
                             .to = 9s,
                             .shift = -250123us,
                             .uncertainty = 5ms,
                             .basis = MappingBasis::levels}};
  verdict.thresholds = {.gap = 201ms,
                        .head = 3001ms,
                        .tail = 1001ms,
                        .speech_dbfs = -44.5,
                        .speech = 101ms,
                        .heard_dbfs = -61.25,
                        .party_alone = 1002ms,
                        .heard_share = 0.21,
                        .downlink = 251ms,
                        .too_long = 2001ms,
                        .drift_ppm = 299,
                        .metadata_slack = 5001ms,
                        .ledger_share = 0.91};
  return verdict;
}

InboundEvent sample_event(const std::string& id, const std::string& call) {
  return {.door = EventDoor::call_callback,
          .id = id,
          .type = "Microsoft.Communication.CallConnected",
          .occurred_at = at_second(3),
          .context_id = {call},
          .connection_id = {"connection-" + call},
          .server_call_id = {"server-" + call},
          .correlation_id = {"correlation-" + call},
          .body = CallConnected{},
          .raw = R"({"id":")" + id + R"("})"};
}

InboundEvent sample_incoming_call(const std::string& id) {
  return {.door = EventDoor::event_grid,
          .id = id,
          .type = "Microsoft.Communication.IncomingCall",
          .occurred_at = at_second(-1),
          .correlation_id = {"correlation-" + id},
          .body = IncomingCall{.correlation_id = {"correlation-" + id},
                               .server_call_id = {"server-" + id},
                               .incoming_call_context = Secret("eyJhbGciOi/secret+of=" + id),
                               .caller = "4:+15550100",
                               .called = "4:+15550101",
                               .caller_name = "Ada Example",
                               .resource_topic = "/subscriptions/x"},
          .raw = R"({"incomingCallContext":"eyJhbGciOi/secret+of=)" + id + R"(","from":1})"};
}

std::string describe(const Call& c) {
  return fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", c.id.text,
      static_cast<int>(c.phase), c.correlation_id.text, c.server_call_id.text, c.connection_id.text,
      c.ring_key, c.link_key, c.answer_request_id, text_of(c.answer_first_sent), c.resource,
      text_of(c.received_at), text_of(c.rang_at), text_of(c.answered_at), text_of(c.connected_at),
      text_of(c.ended_at), c.end_reason, c.end_code, c.end_sub_code,
      static_cast<int>(c.recording_wish), static_cast<int>(c.recording_phase), c.recording_id.text,
      c.recording_start_request_id, text_of(c.recording_start_first_sent), c.recording_starts,
      c.recording_state_event_seen, c.media_connected, c.media_restarts);
}

std::string describe(const Recording& r) {
  return fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {}", r.id.text, r.call.text,
      static_cast<int>(r.phase), static_cast<int>(r.channels), static_cast<int>(r.format), r.byos,
      text_of(r.requested_at), text_of(r.active_at), text_of(r.ended_at), text_of(r.ended_after),
      r.end_reason, static_cast<int>(r.discovery), r.folder, text_of(r.discovered_at));
}

std::string describe(const Chunk& c) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", c.recording.text,
                     c.index.value, c.audio.text, c.metadata.text, c.document_id, c.bytes,
                     c.format.sample_rate_hz, c.format.channels, c.format.bits_per_sample,
                     c.data_offset, c.data_bytes, text_of(c.start),
                     c.duration ? c.duration->count() : -1, c.etag, text_of(c.found_at));
}

std::string describe(const Turn& t) {
  auto text = fmt::format("{} {} {} {} {} {} {} {} {} {}", t.call.text, t.item_id, t.session_id,
                          static_cast<int>(t.speaker), t.start.count(), t.end.count(), t.text,
                          t.generated_text, t.interrupted, t.cut_is_estimated);
  const auto list = [&](const std::vector<TurnWord>& words) {
    for (const auto& word : words)
      text += fmt::format(" [{} {} {}]", word.start.count(), word.end.count(), word.text);
  };
  list(t.words);
  if (t.cut) {
    text += fmt::format(" cut {} {} {}", t.cut->stop_left.count(), t.cut->played_until.count(),
                        t.cut->generated.count());
    list(t.cut->words);
  }
  if (t.verified) {
    text += fmt::format(" verified {} {} {} {} {}", static_cast<int>(t.verified->basis),
                        t.verified->end.count(), t.verified->uncertainty.count(), t.verified->text,
                        t.verified->is_estimated);
    list(t.verified->words);
  }
  return text;
}

std::string describe(const InboundEvent& e) {
  return fmt::format("{} {} {} {} {} {} {} {} {}", static_cast<int>(e.door), e.id, e.type,
                     text_of(e.occurred_at), e.context_id.text, e.connection_id.text,
                     e.server_call_id.text, e.correlation_id.text, std::visit(BodyText{}, e.body));
}

}  // namespace earshot::contract
