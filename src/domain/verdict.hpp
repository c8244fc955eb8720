#pragma once
// What is said of a call's recording, and what it rests on. A verdict is given by domain/judge.hpp
// from the evidence of two witnesses; docs/verdict.md explains it to an auditor. A call has as many
// as its evidence changed; none is ever altered.

#include "base/time.hpp"
#include "domain/audio.hpp"
#include "domain/clock_mapping.hpp"
#include "domain/ids.hpp"
#include "domain/timeline.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace earshot {

enum class VerdictKind {
  complete,   // nothing counts as lost
  gapped,     // time is lost before the last recorded sample
  truncated,  // time is lost after the last recorded sample, and only there
  silent,     // the bridge heard somebody speak whom the recording does not hold
  missing,    // it was recorded, and no sample of it appeared
  pending,    // too early to say: never stored, and never for long
  failed,     // no recording of the call ever ran
};

enum class FindingKind {
  duplicate_chunk,           // one index exported more than once; one of them is used
  overlapping_chunks,        // two chunks hold the same time; the later one's part is left out
  missing_index,             // an index below the last has no file
  chunk_empty,               // a file without a sample
  chunk_torn,                // fewer samples than its header or metadata says
  chunk_unreadable,          // a file that is no audio we know
  metadata_missing,          // placed by its neighbours
  metadata_contradicts,      // it says what the bytes do not
  metadata_swapped,          // contentType and channelType had changed places
  metadata_of_another_call,  // its words were not used
  start_delay,               // connected until the first recorded sample
  tail_loss,                 // last recorded sample until the call's end
  too_long,                  // more audio than call
  party_silent,              // spoke, and is not in the recording
  assistant_channel_absent,  // of an unmixed recording
  unaligned,                 // too little was said to place the recording by its sound
  uncorroborated,            // one witness alone
  clock_drift,               // the recorder's samples run faster or slower than its clock
  several_recordings,        // of one call
  chunk_count_unusual,       // more than one for each started four hours
  ledger_lost,               // the bridge's account of the call is absent, or of a part of it
  tap_lost,                  // the bridge's copy is absent: nothing could be mended from it
  end_uncertain,             // the call's end was found by asking, so it may have been earlier
  not_examined,              // audio whose sound could not be read
  contents_differ,           // a party's sound in it is not what the bridge heard of that party
  own_voice_returns,         // what comes in of the caller holds what we played; not counted
  notice_not_played,         // it had to come first: nothing was to be recorded before it
};

// Where a finding is about a recording, a chunk, a party or a stretch of call time, they are named.
struct Finding {
  FindingKind kind = FindingKind::start_delay;
  RecordingId recording;
  std::optional<ChunkIndex> chunk;
  std::optional<Speaker> party;
  Duration from{0};  // call time; both zero: of no stretch in particular
  Duration to{0};
  std::string detail;  // a sentence with the numbers, without personal data
  bool operator==(const Finding&) const = default;
};

// From when on something counts. Stored with each verdict.
struct VerdictThresholds {
  Duration gap = 200ms;          // shorter ones are rounding
  Duration head = 3s;            // forgiven before the first sample, unless somebody spoke
  Duration tail = 1s;            // forgiven after the last one, likewise
  double speech_dbfs = -45;      // louder in the ledger is speech
  Duration speech = 100ms;       // so much of it in a lost stretch counts
  double heard_dbfs = -60;       // louder in the recording is not silence
  Duration party_alone = 1s;     // so much of a party speaking alone before it is judged
  double heard_share = 0.2;      // less of it in the recording: the party is silent
  Duration downlink = 300ms;     // from our sending to ACS's mix, where nothing was measured
  Duration too_long = 2s;        // beyond the call's end
  double drift_ppm = 300;        // of a recorder whose clock is believed
  Duration metadata_slack = 5s;  // between ACS's words on one time
  double ledger_share = 0.9;     // of the call, for the bridge to count as a witness
  bool operator==(const VerdictThresholds&) const = default;
};

// A gap of the timeline, judged.
struct JudgedGap {
  Duration from{0};
  Duration to{0};
  GapCause cause = GapCause::none;
  bool counts = true;        // false: shorter than what is forgiven there, and nobody spoke
  bool repaired = false;     // filled from a second copy or the tap
  Duration caller_spoke{0};  // what the ledger heard in it
  Duration assistant_spoke{0};
  bool ledger_heard = false;  // the ledger covers it; without it nobody knows what was said
  bool operator==(const JudgedGap&) const = default;
};

struct VerdictNumbers {
  Duration call{0};          // its length
  Duration paused{0};        // absent because we asked for that
  Duration expected{0};      // call less paused
  Duration present{0};       // of it in ACS's audio
  Duration repaired{0};      // of it filled from elsewhere
  Duration lost{0};          // of it in gaps that count, mended or not
  Duration start_delay{0};   // connected until the first recorded sample, less pauses
  Duration tail_loss{0};     // last recorded sample until the end, less pauses
  Duration unseen{0};        // neither witness has anything
  Duration ledger{0};        // of the call that the ledger covers
  Duration caller_alone{0};  // spoke alone, in the ledger
  Duration caller_heard{0};  // of it found in the recording
  Duration assistant_alone{0};
  Duration assistant_heard{0};
  int recordings = 0;
  int chunks = 0;  // with samples
  bool operator==(const VerdictNumbers&) const = default;
};

struct Verdict {
  ContextId call;
  int number = 0;  // from 1; 0: not stored yet
  WallTime at{};
  VerdictKind kind = VerdictKind::pending;
  bool by_acs = false;     // the chunks say so
  bool by_bridge = false;  // the ledger says so
  VerdictNumbers numbers;
  std::vector<JudgedGap> gaps;  // ascending
  std::vector<Finding> findings;
  Timeline timeline;
  ClockMapping mapping;
  VerdictThresholds thresholds;
  bool operator==(const Verdict&) const = default;

  // What is said rests on both.
  bool corroborated() const { return by_acs && by_bridge; }
  bool has(FindingKind wanted) const {
    for (const auto& finding : findings)
      if (finding.kind == wanted) return true;
    return false;
  }
};

// The same but for number and time: then nothing new was learnt.
bool says_the_same(Verdict a, Verdict b);

}  // namespace earshot
