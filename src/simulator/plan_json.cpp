#include "simulator/plan_json.hpp"

#include "base/base64.hpp"
#include "simulator/tones.hpp"
#include "simulator/wav_file.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <initializer_list>
#include <map>

namespace earshot::simulator {
namespace {

namespace json = boost::json;

constexpr double seconds_max = 24 * 3600;
constexpr double echo_delay_max_s = 10;
constexpr std::uint32_t spoken_rate_hz = 24000;

struct BadPlan {
  std::string why;
};

// Throws BadPlan; caught at the one entrance below.
double number_in(const json::value& value, std::string_view name, double low, double high) {
  if (!value.is_number()) throw BadPlan{fmt::format("{} must be a number", name)};
  const double number = value.to_number<double>();
  if (!(number >= low && number <= high))
    throw BadPlan{fmt::format("{} must be from {} to {}", name, low, high)};
  return number;
}
Duration time_in(const json::value& value, std::string_view name) {
  return Duration(std::llround(number_in(value, name, 0, seconds_max) * 1e6));
}
std::string text_in(const json::value& value, std::string_view name) {
  if (!value.is_string()) throw BadPlan{fmt::format("{} must be text", name)};
  return std::string(value.get_string());
}
const json::object& object_in(const json::value& value, std::string_view name) {
  if (!value.is_object()) throw BadPlan{fmt::format("{} must be an object", name)};
  return value.get_object();
}
const json::array& array_in(const json::value& value, std::string_view name) {
  if (!value.is_array()) throw BadPlan{fmt::format("{} must be a list", name)};
  return value.get_array();
}

// A misspelt member would be a trouble or an utterance that silently never comes.
void only_members(const json::object& object, std::string_view what,
                  std::initializer_list<std::string_view> known) {
  for (const auto& member : object) {
    const std::string_view name(member.key().data(), member.key().size());
    if (std::ranges::find(known, name) == known.end())
      throw BadPlan{fmt::format("{} has no member '{}'", what, name)};
  }
}

const std::map<std::string, CallerStart, std::less<>> starts{
    {"at_time", CallerStart::at_time},
    {"after_silence", CallerStart::after_silence},
    {"after_assistant", CallerStart::after_assistant},
    {"over_assistant", CallerStart::over_assistant}};
const std::map<std::string, MediaTroubleKind, std::less<>> trouble_kinds{
    {"cut", MediaTroubleKind::cut},
    {"stall", MediaTroubleKind::stall},
    {"lose", MediaTroubleKind::lose},
    {"echo", MediaTroubleKind::echo}};

const std::map<std::string, ChunkTroubleKind, std::less<>> chunk_trouble_kinds{
    {"lost", ChunkTroubleKind::lost},
    {"late", ChunkTroubleKind::late},
    {"torn", ChunkTroubleKind::torn},
    {"empty", ChunkTroubleKind::empty},
    {"duplicated", ChunkTroubleKind::duplicated},
    {"metadataMissing", ChunkTroubleKind::metadata_missing},
    {"metadataSwapped", ChunkTroubleKind::metadata_swapped},
    {"metadataOfAnother", ChunkTroubleKind::metadata_of_another}};

void read_pcm(const json::object& object, CallerUtterance& utterance) {
  auto bytes = base64::decode(text_in(object.at("pcm"), "pcm"));
  if (!bytes || bytes->size() % 2 != 0) throw BadPlan{"pcm must be base64 of 16-bit samples"};
  utterance.samples.resize(bytes->size() / 2);
  if (!bytes->empty()) std::memcpy(utterance.samples.data(), bytes->data(), bytes->size());
  utterance.rate_hz = 24000;
  if (const auto* rate = object.if_contains("rate"))
    utterance.rate_hz = static_cast<std::uint32_t>(number_in(*rate, "rate", 4000, 192000));
}

void read_tones(const json::object& object, CallerUtterance& utterance) {
  const auto& tones = object_in(object.at("tones"), "tones");
  only_members(tones, "tones", {"first", "count"});
  ToneSeries series{.rate_hz = spoken_rate_hz};
  if (const auto* first = tones.if_contains("first"))
    series.first = static_cast<unsigned>(number_in(*first, "tones.first", 0, tone_numbers - 1));
  if (const auto* count = tones.if_contains("count"))
    series.count = static_cast<unsigned>(number_in(*count, "tones.count", 1, tone_numbers));
  utterance.samples = make_tones(series);
  utterance.rate_hz = spoken_rate_hz;
}

struct UtteranceSource {
  CallerUtterance utterance;
  std::string say;  // to be spoken
};

UtteranceSource read_utterance(const json::value& value) {
  const auto& object = object_in(value, "utterance");
  only_members(object, "an utterance",
               {"start", "delay", "say", "wav", "tones", "pcm", "rate", "label"});
  UtteranceSource source{.utterance = {.start = CallerStart::after_assistant, .delay = 1s}};
  if (const auto* start = object.if_contains("start")) {
    const auto found = starts.find(text_in(*start, "start"));
    if (found == starts.end())
      throw BadPlan{"start must be at_time, after_silence, after_assistant or over_assistant"};
    source.utterance.start = found->second;
  }
  if (const auto* delay = object.if_contains("delay"))
    source.utterance.delay = time_in(*delay, "delay");
  if (const auto* say = object.if_contains("say")) {
    source.say = source.utterance.label = text_in(*say, "say");
  } else if (const auto* wav = object.if_contains("wav")) {
    auto sound = read_sound_file(text_in(*wav, "wav"));
    if (!sound) throw BadPlan{sound.error().message};
    source.utterance.samples = std::move(sound->samples);
    source.utterance.rate_hz = sound->rate_hz;
    source.utterance.label = "a sound file";
  } else if (object.contains("tones")) {
    read_tones(object, source.utterance);
    source.utterance.label = "numbered tones";
  } else if (object.contains("pcm")) {
    read_pcm(object, source.utterance);
    source.utterance.label = "sound";
  } else {
    throw BadPlan{"an utterance needs say, wav, tones or pcm"};
  }
  if (const auto* label = object.if_contains("label"))
    source.utterance.label = text_in(*label, "label");
  return source;
}

MediaTrouble read_media_trouble(const json::value& value) {
  const auto& entry = object_in(value, "troubles");
  const auto kind = trouble_kinds.find(text_in(entry.at("kind"), "troubles.kind"));
  if (kind == trouble_kinds.end()) throw BadPlan{"troubles.kind must be cut, stall, lose or echo"};
  MediaTrouble trouble{.kind = kind->second, .at = time_in(entry.at("at"), "troubles.at")};
  if (const auto* length = entry.if_contains("length"))
    trouble.length = time_in(*length, "troubles.length");
  if (trouble.kind != MediaTroubleKind::echo) {
    only_members(entry, "a trouble that is no echo", {"kind", "at", "length"});
    return trouble;
  }
  only_members(entry, "an echo", {"kind", "at", "length", "delay", "gainDb"});
  if (const auto* delay = entry.if_contains("delay"))
    trouble.echo_delay =
        Duration(std::llround(number_in(*delay, "troubles.delay", 0, echo_delay_max_s) * 1e6));
  if (const auto* gain = entry.if_contains("gainDb"))
    trouble.echo_gain_db = number_in(*gain, "troubles.gainDb", -60, 6);
  return trouble;
}

void read_lists(const json::object& object, CallPlan& plan) {
  if (const auto* list = object.if_contains("dtmf"))
    for (const auto& value : array_in(*list, "dtmf")) {
      const auto& entry = object_in(value, "dtmf");
      only_members(entry, "dtmf", {"at", "tone"});
      plan.dtmf.push_back(
          {time_in(entry.at("at"), "dtmf.at"), text_in(entry.at("tone"), "dtmf.tone")});
    }
  if (const auto* list = object.if_contains("troubles"))
    for (const auto& value : array_in(*list, "troubles"))
      plan.media_troubles.push_back(read_media_trouble(value));
  if (const auto* list = object.if_contains("recordingStopsAt"))
    for (const auto& value : array_in(*list, "recordingStopsAt"))
      plan.recording_stops_at.push_back(time_in(value, "recordingStopsAt"));
}

bool flag_in(const json::value& value, std::string_view name) {
  if (!value.is_bool()) throw BadPlan{fmt::format("{} must be true or false", name)};
  return value.get_bool();
}

ChunkTrouble read_chunk_trouble(const json::value& value) {
  const auto& entry = object_in(value, "recording.chunks");
  only_members(entry, "a trouble of chunks", {"trouble", "index", "delay"});
  const auto kind =
      chunk_trouble_kinds.find(text_in(entry.at("trouble"), "recording.chunks.trouble"));
  if (kind == chunk_trouble_kinds.end()) {
    std::string known;
    for (const auto& [name, unused] : chunk_trouble_kinds)
      known += (known.empty() ? "" : ", ") + name;
    throw BadPlan{"recording.chunks.trouble must be one of " + known};
  }
  ChunkTrouble trouble{.kind = kind->second};
  trouble.index =
      static_cast<int>(number_in(entry.at("index"), "recording.chunks.index", 0, 99'999));
  if (const auto* delay = entry.if_contains("delay"))
    trouble.delay = time_in(*delay, "recording.chunks.delay");
  return trouble;
}

void read_recording(const json::object& object, RecordingTroubles& troubles) {
  only_members(
      object, "recording",
      {"chunks", "deafFrom", "withoutCaller", "withoutAssistant", "driftPpm", "lostAtChange"});
  if (const auto* list = object.if_contains("chunks"))
    for (const auto& value : array_in(*list, "recording.chunks"))
      troubles.chunks.push_back(read_chunk_trouble(value));
  if (const auto* v = object.if_contains("deafFrom"))
    troubles.deaf_from = time_in(*v, "recording.deafFrom");
  if (const auto* v = object.if_contains("withoutCaller"))
    troubles.without_caller = flag_in(*v, "recording.withoutCaller");
  if (const auto* v = object.if_contains("withoutAssistant"))
    troubles.without_assistant = flag_in(*v, "recording.withoutAssistant");
  if (const auto* v = object.if_contains("driftPpm"))
    troubles.drift_ppm = number_in(*v, "recording.driftPpm", -10'000, 10'000);
  if (const auto* v = object.if_contains("lostAtChange"))
    troubles.lost_at_change = time_in(*v, "recording.lostAtChange");
}

CallPlan read_plan(const json::object& object, std::vector<UtteranceSource>& utterances) {
  only_members(object, "a plan",
               {"eventGridUrl", "from", "to", "displayName", "hangUpAt", "hangUpAfterQuiet",
                "ringsFor", "lengthMax", "sipHeaders", "utterances", "dtmf", "troubles",
                "recordingStopsAt", "recording"});
  CallPlan plan;
  if (const auto* v = object.if_contains("eventGridUrl"))
    plan.event_grid_url = text_in(*v, "eventGridUrl");
  if (const auto* v = object.if_contains("from")) plan.from = text_in(*v, "from");
  if (const auto* v = object.if_contains("to")) plan.to = text_in(*v, "to");
  if (const auto* v = object.if_contains("displayName"))
    plan.display_name = text_in(*v, "displayName");
  if (const auto* v = object.if_contains("hangUpAt")) plan.hang_up_at = time_in(*v, "hangUpAt");
  if (const auto* v = object.if_contains("hangUpAfterQuiet"))
    plan.hang_up_after_quiet = time_in(*v, "hangUpAfterQuiet");
  if (const auto* v = object.if_contains("ringsFor")) plan.rings_for = time_in(*v, "ringsFor");
  if (const auto* v = object.if_contains("lengthMax")) plan.length_max = time_in(*v, "lengthMax");
  if (const auto* v = object.if_contains("sipHeaders"))
    for (const auto& [name, value] : object_in(*v, "sipHeaders"))
      plan.sip_headers.emplace_back(name, text_in(value, "sipHeaders"));
  if (const auto* v = object.if_contains("utterances"))
    for (const auto& value : array_in(*v, "utterances"))
      utterances.push_back(read_utterance(value));
  if (const auto* v = object.if_contains("recording"))
    read_recording(object_in(*v, "recording"), plan.recording);
  read_lists(object, plan);
  return plan;
}

Result<CallPlan> read_all(const std::string& text, std::vector<UtteranceSource>& utterances) {
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error || !value.is_object()) return fail(ErrorKind::invalid, "the plan is no JSON object");
  try {
    return read_plan(value.get_object(), utterances);
  } catch (const BadPlan& bad) {
    return fail(ErrorKind::invalid, "the plan: " + bad.why);
  } catch (const std::out_of_range&) {
    return fail(ErrorKind::invalid, "the plan: an entry lacks one of its members");
  }
}

}  // namespace

Task<Result<CallPlan>> read_call_plan(std::string text, Speech& speech) {
  std::vector<UtteranceSource> utterances;
  auto plan = read_all(text, utterances);
  if (!plan) co_return plan;
  for (auto& [utterance, say] : utterances) {
    if (!say.empty()) {
      SpeechRequest request{.text = say, .voice = "en-gb+f3", .sample_rate_hz = spoken_rate_hz};
      auto spoken = co_await speech.speak(std::move(request));
      if (!spoken) co_return fail("the caller's speech", spoken.error());
      utterance.samples = std::move(*spoken);
      utterance.rate_hz = spoken_rate_hz;
    }
    plan->utterances.push_back(std::move(utterance));
  }
  co_return plan;
}

std::string utterance_json(const CallerUtterance& utterance) {
  std::string start = "at_time";
  for (const auto& [name, value] : starts)
    if (value == utterance.start) start = name;
  return json::serialize(json::object{
      {"start", start},
      {"delay", static_cast<double>(utterance.delay.count()) / 1e6},
      {"rate", utterance.rate_hz},
      {"label", utterance.label},
      {"pcm", base64::encode({reinterpret_cast<const std::uint8_t*>(utterance.samples.data()),
                              utterance.samples.size() * 2})}});
}

}  // namespace earshot::simulator
