#pragma once
// A call plan as JSON, for the control interface and the command line:
//   {"eventGridUrl":"http://…/api/incomingCall?secret=…","from":"+15550100","to":"+15550199",
//    "hangUpAt":20,"hangUpAfterQuiet":3,"lengthMax":600,
//    "utterances":[{"say":"Good morning.","start":"after_assistant","delay":1},
//                  {"wav":"/path/of/this/machine.wav"}, {"tones":{"first":0,"count":20}},
//                  {"pcm":"<base64, 16 bit
//                  mono>","rate":24000,"start":"over_assistant","delay":1.5}],
//    "dtmf":[{"at":4,"tone":"3"}],
//    "troubles":[{"kind":"cut","at":5},{"kind":"stall","at":8,"length":1},
//                {"kind":"echo","at":0,"delay":0.25,"gainDb":-12}],
//    "recordingStopsAt":[6],
//    "recording":{"chunks":[{"index":1,"trouble":"lost"},{"index":2,"trouble":"late","delay":1800}],
//                 "deafFrom":12,"withoutAssistant":true,"driftPpm":200,"lostAtChange":0.6}}
// Times are seconds. Troubles of the media socket: cut, stall, lose, and echo, by which what the
// phone plays comes back in the caller's frames, so much later and louder (no length: to the end of
// the call; at most 10 s later, -60 to 6 dB). Troubles of a chunk: lost, late, torn, empty,
// duplicated, metadataMissing, metadataSwapped, metadataOfAnother; the service's own copy of it is
// whole whatever happens.

#include "base/task.hpp"
#include "simulator/call_plan.hpp"
#include "simulator/speech.hpp"

#include <string>

namespace earshot::simulator {

// `invalid` names the member that is wrong. `speech` outlives the task.
Task<Result<CallPlan>> read_call_plan(std::string text, Speech& speech);

// One utterance of such a plan, from sound that is at hand.
std::string utterance_json(const CallerUtterance& utterance);

}  // namespace earshot::simulator
