#include "domain/words.hpp"

namespace earshot {

std::string_view to_text(CallPhase phase) {
  switch (phase) {
    case CallPhase::ringing:
      return "ringing";
    case CallPhase::answering:
      return "answering";
    case CallPhase::connected:
      return "connected";
    case CallPhase::ended:
      return "ended";
    case CallPhase::not_answered:
      return "not_answered";
  }
  return "unknown";
}

std::string_view to_text(RecordingConsent consent) {
  switch (consent) {
    case RecordingConsent::record_first:
      return "record-first";
    case RecordingConsent::notice_first:
      return "notice-first";
  }
  return "unknown";
}

std::string_view to_text(RecordingPhase phase) {
  switch (phase) {
    case RecordingPhase::none:
      return "none";
    case RecordingPhase::starting:
      return "starting";
    case RecordingPhase::active:
      return "active";
    case RecordingPhase::paused:
      return "paused";
    case RecordingPhase::stopping:
      return "stopping";
    case RecordingPhase::stopped:
      return "stopped";
    case RecordingPhase::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view to_text(Discovery discovery) {
  switch (discovery) {
    case Discovery::not_started:
      return "not_started";
    case Discovery::searching:
      return "searching";
    case Discovery::found:
      return "found";
    case Discovery::incomplete:
      return "incomplete";
    case Discovery::missing:
      return "missing";
  }
  return "unknown";
}

std::string_view to_text(VerdictKind value) {
  switch (value) {
    case VerdictKind::complete:
      return "complete";
    case VerdictKind::gapped:
      return "gapped";
    case VerdictKind::truncated:
      return "truncated";
    case VerdictKind::silent:
      return "silent";
    case VerdictKind::missing:
      return "missing";
    case VerdictKind::pending:
      return "pending";
    case VerdictKind::failed:
      return "failed";
  }
  return "unknown";
}

std::string_view to_text(FindingKind value) {
  switch (value) {
    case FindingKind::duplicate_chunk:
      return "duplicate_chunk";
    case FindingKind::overlapping_chunks:
      return "overlapping_chunks";
    case FindingKind::missing_index:
      return "missing_index";
    case FindingKind::chunk_empty:
      return "chunk_empty";
    case FindingKind::chunk_torn:
      return "chunk_torn";
    case FindingKind::chunk_unreadable:
      return "chunk_unreadable";
    case FindingKind::metadata_missing:
      return "metadata_missing";
    case FindingKind::metadata_contradicts:
      return "metadata_contradicts";
    case FindingKind::metadata_swapped:
      return "metadata_swapped";
    case FindingKind::metadata_of_another_call:
      return "metadata_of_another_call";
    case FindingKind::start_delay:
      return "start_delay";
    case FindingKind::tail_loss:
      return "tail_loss";
    case FindingKind::too_long:
      return "too_long";
    case FindingKind::party_silent:
      return "party_silent";
    case FindingKind::assistant_channel_absent:
      return "assistant_channel_absent";
    case FindingKind::unaligned:
      return "unaligned";
    case FindingKind::uncorroborated:
      return "uncorroborated";
    case FindingKind::clock_drift:
      return "clock_drift";
    case FindingKind::several_recordings:
      return "several_recordings";
    case FindingKind::chunk_count_unusual:
      return "chunk_count_unusual";
    case FindingKind::ledger_lost:
      return "ledger_lost";
    case FindingKind::tap_lost:
      return "tap_lost";
    case FindingKind::end_uncertain:
      return "end_uncertain";
    case FindingKind::not_examined:
      return "not_examined";
    case FindingKind::contents_differ:
      return "contents_differ";
    case FindingKind::own_voice_returns:
      return "own_voice_returns";
    case FindingKind::notice_not_played:
      return "notice_not_played";
  }
  return "unknown";
}

std::string_view to_text(SpanKind value) {
  switch (value) {
    case SpanKind::recorded:
      return "recorded";
    case SpanKind::paused:
      return "paused";
    case SpanKind::gap:
      return "gap";
    case SpanKind::repaired:
      return "repaired";
  }
  return "unknown";
}

std::string_view to_text(SpanSource value) {
  switch (value) {
    case SpanSource::none:
      return "none";
    case SpanSource::acs:
      return "acs";
    case SpanSource::acs_second_copy:
      return "acs_second_copy";
    case SpanSource::tap:
      return "tap";
  }
  return "unknown";
}

std::string_view to_text(GapCause value) {
  switch (value) {
    case GapCause::none:
      return "none";
    case GapCause::never_recorded:
      return "never_recorded";
    case GapCause::late_start:
      return "late_start";
    case GapCause::chunk_missing:
      return "chunk_missing";
    case GapCause::chunk_torn:
      return "chunk_torn";
    case GapCause::chunk_empty:
      return "chunk_empty";
    case GapCause::between_chunks:
      return "between_chunks";
    case GapCause::recording_stopped:
      return "recording_stopped";
    case GapCause::tail_lost:
      return "tail_lost";
  }
  return "unknown";
}

std::string_view to_text(MappingBasis value) {
  switch (value) {
    case MappingBasis::metadata:
      return "metadata";
    case MappingBasis::levels:
      return "levels";
    case MappingBasis::waveform:
      return "waveform";
  }
  return "unknown";
}

std::string_view to_text(Speaker value) {
  switch (value) {
    case Speaker::caller:
      return "caller";
    case Speaker::assistant:
      return "assistant";
  }
  return "unknown";
}

}  // namespace earshot
