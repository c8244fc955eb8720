#include "domain/words.hpp"
#include "recording/transcript_text.hpp"

#include <boost/json.hpp>

namespace earshot::recording {
namespace {

namespace json = boost::json;

double seconds(Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

json::object show(const TurnPlace& place) {
  return {{"startSeconds", seconds(place.start)},
          {"endSeconds", seconds(place.end)},
          {"presence", to_text(place.presence)}};
}

json::value show(const std::optional<MappingBasis>& basis) {
  return basis ? json::value(to_text(*basis)) : json::value("call_clock");
}

json::object show(const TranscriptCut& cut) {
  json::object shown{{"placedBy", "bridge"},
                     {"uncertaintySeconds", nullptr},
                     {"stopAudioSeconds", seconds(cut.stop_left)},
                     {"believedEndSeconds", seconds(cut.believed_end)},
                     {"believedText", cut.believed_text}};
  if (cut.verified_by) {
    shown["placedBy"] = to_text(*cut.verified_by);
    shown["uncertaintySeconds"] = seconds(cut.uncertainty);
  }
  return shown;
}

json::object show(const TranscriptTurn& turn, bool on_call_clock) {
  json::object positions{{"call", show(turn.call)}};
  if (turn.acs) positions["acs"] = show(*turn.acs);
  if (turn.repaired) positions["repaired"] = show(*turn.repaired);
  json::array words;
  for (const auto& word : turn.words)
    words.push_back({{"text", word.text},
                     {"startSeconds", seconds(word.start)},
                     {"endSeconds", seconds(word.end)}});
  json::object shown = show(turn.place);
  shown["speaker"] = to_text(turn.speaker);
  shown["text"] = turn.text;
  shown["interrupted"] = turn.interrupted;
  shown["cutIsEstimated"] = turn.cut_is_estimated;
  shown["placedBy"] = on_call_clock ? json::value("call_clock") : show(turn.basis);
  shown["uncertaintySeconds"] = on_call_clock ? 0 : seconds(turn.uncertainty);
  shown["cut"] = turn.cut ? json::value(show(*turn.cut)) : json::value(nullptr);
  shown["positions"] = std::move(positions);
  shown["words"] = std::move(words);
  shown["itemId"] = turn.item_id;
  return shown;
}

}  // namespace

std::string transcript_json(const Transcript& transcript) {
  const bool on_call_clock =
      transcript.source == TranscriptSource::call || transcript.source == TranscriptSource::tap;
  json::array turns;
  for (const auto& turn : transcript.turns) turns.push_back(show(turn, on_call_clock));
  json::object shown{{"contextId", transcript.call.text},
                     {"source", to_text(transcript.source)},
                     {"placedBy", show(transcript.basis)}};
  shown["verdict"] = transcript.verdict ? json::value(*transcript.verdict) : json::value(nullptr);
  if (transcript.basis == MappingBasis::metadata)
    shown["note"] =
        "where too little was said to compare the recording with what the bridge heard, or the "
        "call was not verified yet, turns are placed by the times in the chunks' metadata";
  shown["turns"] = std::move(turns);
  return json::serialize(shown);
}

}  // namespace earshot::recording
