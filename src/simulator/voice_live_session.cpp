#include "simulator/voice_live_session.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <fmt/format.h>

namespace earshot::simulator {
namespace json = boost::json;
namespace {

constexpr Duration delta_length = 200ms;  // of audio in one response.audio.delta
constexpr std::size_t append_bytes_max = 15u << 20;

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->is_double() ? static_cast<std::int64_t>(value->get_double())
                            : value->to_number<std::int64_t>();
}

const json::object* object_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

std::optional<bool> flag_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = text.find(' ', begin);
    if (end == std::string::npos) end = text.size();
    if (end > begin) words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

// The one text part of a pre_generated_assistant_message.
std::string announcement_text(const json::object& response) {
  const json::object* message = object_of(response, "pre_generated_assistant_message");
  if (message == nullptr) return {};
  const json::value* content = message->if_contains("content");
  if (content == nullptr || !content->is_array() || content->get_array().size() != 1) return {};
  const json::value& part = content->get_array().front();
  return part.is_object() ? std::string(text_of(part.get_object(), "text")) : std::string();
}

}  // namespace

// All members, zeros too: a client of the service may take each for granted.
json::object VoiceLiveSession::describe_usage(std::int64_t output_tokens) {
  const json::object cached{{"text_tokens", 0}, {"audio_tokens", 0}, {"image_tokens", 0}};
  const json::object input{{"cached_tokens", 0},
                           {"text_tokens", 0},
                           {"audio_tokens", 0},
                           {"image_tokens", 0},
                           {"cached_tokens_details", cached}};
  const json::object output{
      {"text_tokens", 0}, {"audio_tokens", output_tokens}, {"reasoning_tokens", 0}};
  return {{"total_tokens", output_tokens},
          {"input_tokens", 0},
          {"output_tokens", output_tokens},
          {"input_token_details", input},
          {"output_token_details", output}};
}

VoiceLiveSession::VoiceLiveSession(VoiceLiveServices services, VoiceLiveShared& shared,
                                   net::WebSocket& socket, std::string model, bool agent_mode)
    : services_(services),
      shared_(shared),
      socket_(socket),
      session_id_(fmt::format("sess_{}", make_uuid(services.random).substr(0, 8))),
      model_(std::move(model)),
      agent_mode_(agent_mode),
      detector_(settings_.turn_detection),
      end_signal_(services.clock.make_signal()),
      tasks_(services.executor, services.clock, services.log, "voice live session") {
  settings_.turn_detection.threshold_dbfs = shared.options.speech_threshold_dbfs;
  detector_.configure(settings_.turn_detection);
}

VoiceLiveSession::~VoiceLiveSession() = default;

Task<void> VoiceLiveSession::run() {
  tell("session opened");
  json::object created{{"type", "session.created"}, {"session", describe_session()}};
  send(std::move(created));
  tasks_.spawn(end_when_due());
  while (auto message = co_await socket_.receive()) handle(*message);
  ended_ = true;
  if (active_) active_->stop_reason = "socket_closed";
  end_signal_->notify();
  co_await tasks_.join();
  tell(fmt::format("session ended ({})", socket_.end().code));
}

void VoiceLiveSession::cut(std::uint16_t code) {
  if (code == 0) {
    socket_.abort();
    return;
  }
  tasks_.spawn(socket_.close(code, "service restarting"));
}

Task<void> VoiceLiveSession::end_when_due() {
  const auto& faults = shared_.options.faults;
  const bool cut_early = faults.cut_after > Duration{0};
  const Duration life = cut_early ? faults.cut_after : shared_.options.session_length_max;
  const std::uint16_t code = cut_early ? faults.cut_code : std::uint16_t{1001};
  const Wake wake = co_await end_signal_->wait_until(services_.clock.steady_now() + life);
  if (wake == Wake::notified) co_return;
  if (code == 0) {
    socket_.abort();
    co_return;
  }
  co_await socket_.close(code, cut_early ? "service restarting" : "session_expired");
}

void VoiceLiveSession::handle(std::string_view message) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(message.data(), message.size()), error);
  if (error || !value.is_object()) {
    send_error("invalid_json", "The message is not a JSON object.", {});
    return;
  }
  const json::object& event = value.get_object();
  const std::string type(text_of(event, "type"));
  handle_event(type, event);
}

void VoiceLiveSession::handle_event(std::string_view type, const json::object& event) {
  if (type == "input_audio_buffer.append") return append_audio(event);
  if (type == "session.update") return update_session(event);
  if (type == "response.create") return create_response(event);
  if (type == "response.cancel") return cancel_response(event);
  if (type == "conversation.item.truncate") return truncate(event);
  if (type == "conversation.item.create") return create_item(event);
  if (type == "input_audio_buffer.clear") return send({{"type", "input_audio_buffer.cleared"}});
  if (type == "input_audio_buffer.commit")
    return send_error("input_audio_buffer_commit_empty", "Turn detection is on; nothing to commit.",
                      event);
  if (type == "conversation.item.delete")
    return send({{"type", "conversation.item.deleted"}, {"item_id", text_of(event, "item_id")}});
  send_error("unknown_event", fmt::format("Unknown event type '{}'.", type.substr(0, 80)), event,
             "type");
}

void VoiceLiveSession::update_session(const json::object& event) {
  const json::object* session = object_of(event, "session");
  if (session == nullptr)
    return send_error("missing_required_parameter", "session is missing.", event, "session");
  if (const auto format = text_of(*session, "output_audio_format"); !format.empty()) {
    if (format != "pcm16" && format != "pcm16_16000hz" && format != "pcm16_8000hz")
      return send_error("invalid_value",
                        "The simulator speaks pcm16, pcm16_16000hz and pcm16_8000hz.", event,
                        "session.output_audio_format");
    settings_.output_format = format;
    settings_.output_rate_hz = format == "pcm16" ? 24000 : format == "pcm16_16000hz" ? 16000 : 8000;
  }
  if (const auto rate = number_of(*session, "input_audio_sampling_rate")) {
    if (*rate != 8000 && *rate != 16000 && *rate != 24000)
      return send_error("invalid_value", "input_audio_sampling_rate is 8000, 16000 or 24000.",
                        event, "session.input_audio_sampling_rate");
    settings_.input_rate_hz = static_cast<std::uint32_t>(*rate);
  }
  if (const json::value* detection = session->if_contains("turn_detection")) {
    settings_.detects_turns = detection->is_object();
    if (detection->is_object()) {
      const json::object& fields = detection->get_object();
      TurnDetection& to = settings_.turn_detection;
      if (const auto type = text_of(fields, "type"); !type.empty())
        settings_.turn_detection_type = type;
      const bool semantic = settings_.turn_detection_type.starts_with("azure_semantic_vad");
      to.prefix_padding_ms =
          static_cast<int>(number_of(fields, "prefix_padding_ms").value_or(semantic ? 420 : 400));
      to.speech_duration_ms =
          static_cast<int>(number_of(fields, "speech_duration_ms").value_or(semantic ? 80 : 200));
      to.silence_duration_ms =
          static_cast<int>(number_of(fields, "silence_duration_ms").value_or(500));
      settings_.create_response = flag_of(fields, "create_response").value_or(true);
      settings_.interrupt_response = flag_of(fields, "interrupt_response").value_or(true);
    }
  }
  if (const json::value* stamps = session->if_contains("output_audio_timestamp_types"))
    settings_.word_timestamps = stamps->is_array() && !stamps->get_array().empty();
  if (const json::value* tools = session->if_contains("tools"); tools && tools->is_array()) {
    settings_.functions.clear();
    for (const json::value& tool : tools->get_array())
      if (tool.is_object() && text_of(tool.get_object(), "type") == "function")
        settings_.functions.emplace(text_of(tool.get_object(), "name"));
  }
  settings_.turn_detection.sample_rate_hz = settings_.input_rate_hz;
  detector_.configure(settings_.turn_detection);

  json::object updated{{"type", "session.updated"}, {"session", describe_session()}};
  if (shared_.options.faults.wrong_output_format)
    updated["session"].get_object()["output_audio_format"] = "g711_ulaw";
  send(std::move(updated));
  if (shared_.options.faults.malformed_event && !malformed_sent_) {
    malformed_sent_ = true;
    socket_.try_send(R"({"type":"response.audio.delta","delta":)");
  }
}

void VoiceLiveSession::append_audio(const json::object& event) {
  const std::string_view audio = text_of(event, "audio");
  if (audio.size() > append_bytes_max)
    return send_error("invalid_value", "An append may hold 15 MiB.", event, "audio");
  if (!base64::decode_to(audio, decoded_) || decoded_.size() % 2 != 0)
    return send_error("invalid_value", "audio is not base64 of whole 16-bit samples.", event,
                      "audio");
  const std::span samples(reinterpret_cast<const std::int16_t*>(decoded_.data()),
                          decoded_.size() / 2);
  for (const TurnBoundary& boundary : detector_.append(samples)) {
    if (!settings_.detects_turns) continue;
    boundary.started ? turn_started(boundary) : turn_stopped(boundary);
  }
}

void VoiceLiveSession::turn_started(const TurnBoundary& boundary) {
  current_caller_item_ = next_id("item_");
  send({{"type", "input_audio_buffer.speech_started"},
        {"audio_start_ms", boundary.at_ms},
        {"item_id", current_caller_item_}});
  tell("caller speaks");
  if (active_ && settings_.interrupt_response) active_->stop_reason = "turn_detected";
}

void VoiceLiveSession::turn_stopped(const TurnBoundary& boundary) {
  const std::string item = current_caller_item_;
  send({{"type", "input_audio_buffer.speech_stopped"},
        {"audio_end_ms", boundary.at_ms},
        {"item_id", item}});
  send({{"type", "input_audio_buffer.committed"},
        {"previous_item_id", last_item_},
        {"item_id", item}});
  json::object content{{"type", "input_audio"}, {"transcript", nullptr}};
  send({{"type", "conversation.item.created"},
        {"previous_item_id", last_item_},
        {"item",
         {{"id", item},
          {"object", "realtime.item"},
          {"type", "message"},
          {"status", "completed"},
          {"role", "user"},
          {"content", json::array{content}}}}});
  last_item_ = item;
  const auto& lines = shared_.options.caller_lines;
  const std::size_t line = shared_.next_caller_line++;
  std::string text = line < lines.size() ? lines[line] : fmt::format("caller turn {}", line + 1);
  tell(fmt::format("caller said: {}", text));
  tasks_.spawn(send_transcript_later(item, std::move(text)));
  if (settings_.create_response) begin_response({}, shared_.options.think_time, {});
}

Task<void> VoiceLiveSession::send_transcript_later(std::string item_id, std::string text) {
  co_await services_.clock.sleep_for(shared_.options.transcript_delay);
  if (ended_) co_return;
  send({{"type", "conversation.item.input_audio_transcription.completed"},
        {"item_id", item_id},
        {"content_index", 0},
        {"transcript", text}});
}

void VoiceLiveSession::create_response(const json::object& event) {
  const auto& lines = shared_.options.assistant_lines;
  if (!lines.empty() && lines[shared_.next_assistant_line % lines.size()].starts_with('!'))
    begin_response({}, shared_.options.think_time, {});  // turn detection was quicker by a hair
  if (active_)
    return send_error("conversation_already_has_active_response",
                      "Conversation already has an active response in progress.", event);
  std::string text;
  json::object metadata;
  if (const json::object* response = object_of(event, "response")) {
    if (const json::object* given = object_of(*response, "metadata")) metadata = *given;
    text = announcement_text(*response);
    if (text.empty() && response->contains("pre_generated_assistant_message"))
      return send_error("invalid_value",
                        "pre_generated_assistant_message needs exactly one text part.", event,
                        "response.pre_generated_assistant_message");
  }
  begin_response(std::move(text), 50ms, metadata);
}

void VoiceLiveSession::cancel_response(const json::object& event) {
  if (!active_)
    return send_error("response_cancel_not_active", "Cancellation failed: no active response found",
                      event);
  active_->stop_reason = "client_cancelled";
}

void VoiceLiveSession::truncate(const json::object& event) {
  const std::string item(text_of(event, "item_id"));
  const auto end_ms = number_of(event, "audio_end_ms");
  const auto record = records_.find(item);
  if (record == records_.end() || !end_ms)
    return send_error("invalid_value", "No such assistant item, or audio_end_ms is missing.", event,
                      "item_id");
  GeneratedItem& generated = shared_.items[record->second];
  const auto generated_ms =
      static_cast<std::int64_t>(generated.samples * 1000 / generated.sample_rate_hz);
  if (*end_ms < 0 || *end_ms > generated_ms)
    return send_error(
        "invalid_value",
        fmt::format("Audio content of {}ms is already shorter than {}ms", generated_ms, *end_ms),
        event, "audio_end_ms");
  generated.truncated_at_ms = *end_ms;
  tell(fmt::format("assistant cut at {} ms of {} ms", *end_ms, generated_ms));
  send({{"type", "conversation.item.truncated"},
        {"item_id", item},
        {"content_index", 0},
        {"audio_end_ms", *end_ms}});
}

void VoiceLiveSession::create_item(const json::object& event) {
  const json::object* item = object_of(event, "item");
  if (item == nullptr)
    return send_error("missing_required_parameter", "item is missing.", event, "item");
  if (text_of(*item, "type") == "function_call_output" && !take_function_output(*item, event))
    return;
  json::object created = *item;
  if (text_of(created, "id").empty()) created["id"] = next_id("item_");
  created["object"] = "realtime.item";
  created["status"] = "completed";
  const std::string id(text_of(created, "id"));
  send(
      {{"type", "conversation.item.created"}, {"previous_item_id", last_item_}, {"item", created}});
  last_item_ = id;
}

void VoiceLiveSession::begin_response(std::string text, Duration think_time,
                                      const json::object& metadata) {
  if (active_) return;  // the turn was heard while a response is still being made: it goes on
  if (text.empty()) {
    const auto& lines = shared_.options.assistant_lines;
    text = lines.empty() ? "I am listening." : lines[shared_.next_assistant_line++ % lines.size()];
  }
  if (text.starts_with('!')) text.erase(0, 1);
  if (text.starts_with('@') && begin_function_call(text, think_time)) return;
  active_ = std::make_shared<Response>();
  active_->id = next_id("resp_");
  active_->item_id = next_id("item_");
  active_->record = shared_.items.size();
  records_[active_->item_id] = active_->record;
  shared_.items.push_back(GeneratedItem{.session_id = session_id_,
                                        .item_id = active_->item_id,
                                        .text = text,
                                        .sample_rate_hz = settings_.output_rate_hz});
  json::object created{{"id", active_->id},
                       {"object", "realtime.response"},
                       {"status", "in_progress"},
                       {"output", json::array{}}};
  if (!metadata.empty()) created["metadata"] = metadata;
  send({{"type", "response.created"}, {"response", std::move(created)}});
  tasks_.spawn(generate(active_, std::move(text), think_time));
}

Task<void> VoiceLiveSession::generate(std::shared_ptr<Response> response, std::string text,
                                      Duration think_time) {
  SpeechRequest request{.text = text,
                        .voice = shared_.options.assistant_voice,
                        .sample_rate_hz = settings_.output_rate_hz};
  auto speech = co_await services_.speech.speak(std::move(request));
  co_await services_.clock.sleep_for(think_time);
  if (!speech) {
    services_.log.error("assistant could not speak", {{"what", speech.error().message}});
    if (response->stop_reason.empty()) response->stop_reason = "speech_failed";
  }
  if (response->stop_reason.empty()) {
    tell(fmt::format("assistant says: {}", text));
    announce_item(*response);
    co_await stream_audio(response, text, std::move(*speech));
  }
  if (!ended_) finish_response(*response, text);
  if (active_ == response) active_.reset();
}

void VoiceLiveSession::announce_item(const Response& response) {
  json::object item{{"id", response.item_id}, {"object", "realtime.item"},
                    {"type", "message"},      {"status", "in_progress"},
                    {"role", "assistant"},    {"content", json::array{}}};
  send({{"type", "response.output_item.added"},
        {"response_id", response.id},
        {"output_index", 0},
        {"item", item}});
  send({{"type", "conversation.item.created"}, {"previous_item_id", last_item_}, {"item", item}});
  last_item_ = response.item_id;
  send({{"type", "response.content_part.added"},
        {"response_id", response.id},
        {"item_id", response.item_id},
        {"output_index", 0},
        {"content_index", 0},
        {"part", {{"type", "audio"}, {"transcript", ""}}}});
}

// Faster than real time, as the service does; text runs beside the audio, each word with its time
// when asked for.
Task<void> VoiceLiveSession::stream_audio(std::shared_ptr<Response> response, std::string text,
                                          Pcm samples) {
  const auto words = words_of(text);
  const std::uint32_t rate = settings_.output_rate_hz;
  const std::size_t delta_samples =
      rate * static_cast<std::size_t>(delta_length.count()) / 1'000'000;
  const Duration pause(static_cast<std::int64_t>(static_cast<double>(delta_length.count()) /
                                                 shared_.options.generation_speed));
  const auto about = [&](std::string_view type) {
    return json::object{{"type", type},
                        {"response_id", response->id},
                        {"item_id", response->item_id},
                        {"output_index", 0},
                        {"content_index", 0}};
  };
  std::size_t letters_in_all = 0;
  for (const auto& word : words) letters_in_all += word.size() + 1;
  const double ms_in_all = static_cast<double>(samples.size()) * 1000 / rate;
  std::size_t word = 0;
  std::size_t letters = 0;
  for (std::size_t at = 0; at < samples.size(); at += delta_samples) {
    if (!response->stop_reason.empty() || ended_) co_return;
    const std::size_t length = std::min(delta_samples, samples.size() - at);
    const double end_share = static_cast<double>(at + length) / static_cast<double>(samples.size());
    while (word < words.size() &&
           static_cast<double>(letters) < end_share * static_cast<double>(letters_in_all)) {
      auto delta = about("response.audio_transcript.delta");
      delta["delta"] = (word == 0 ? "" : " ") + words[word];
      send(std::move(delta));
      const double letter_ms = ms_in_all / static_cast<double>(letters_in_all);
      if (settings_.word_timestamps) {
        auto stamp = about("response.audio_timestamp.delta");
        stamp["audio_offset_ms"] =
            static_cast<std::int64_t>(static_cast<double>(letters) * letter_ms);
        stamp["audio_duration_ms"] =
            static_cast<std::int64_t>(static_cast<double>(words[word].size()) * letter_ms);
        stamp["text"] = words[word];
        stamp["timestamp_type"] = "word";
        send(std::move(stamp));
      }
      letters += words[word].size() + 1;
      ++word;
    }
    auto delta = about("response.audio.delta");
    delta["delta"] = base64::encode(ByteView(
        reinterpret_cast<const std::uint8_t*>(samples.data() + at), length * sizeof(std::int16_t)));
    send(std::move(delta));
    shared_.items[response->record].samples += length;
    co_await services_.clock.sleep_for(pause);
  }
}

void VoiceLiveSession::finish_response(const Response& response, const std::string& text) {
  const bool cancelled = !response.stop_reason.empty();
  GeneratedItem& record = shared_.items[response.record];
  record.cancelled = cancelled;
  const auto about = [&](std::string_view type) {
    return json::object{{"type", type},
                        {"response_id", response.id},
                        {"item_id", response.item_id},
                        {"output_index", 0},
                        {"content_index", 0}};
  };
  const char* item_status = cancelled ? "incomplete" : "completed";
  json::object part{{"type", "audio"}, {"transcript", text}};
  json::object item{{"id", response.item_id}, {"object", "realtime.item"},
                    {"type", "message"},      {"status", item_status},
                    {"role", "assistant"},    {"content", json::array{part}}};
  if (record.samples > 0) {
    if (settings_.word_timestamps) send(about("response.audio_timestamp.done"));
    auto transcript = about("response.audio_transcript.done");
    transcript["transcript"] = text;
    send(std::move(transcript));
    send(about("response.audio.done"));
    auto part_done = about("response.content_part.done");
    part_done["part"] = part;
    send(std::move(part_done));
    send({{"type", "response.output_item.done"},
          {"response_id", response.id},
          {"output_index", 0},
          {"item", item}});
  }
  const auto output_tokens = static_cast<std::int64_t>(record.samples / record.sample_rate_hz * 20);
  json::object done{
      {"id", response.id},
      {"object", "realtime.response"},
      {"status", cancelled ? (response.stop_reason == "speech_failed" ? "failed" : "cancelled")
                           : "completed"},
      {"status_details", nullptr},
      {"modalities", json::array{"text", "audio"}},
      {"output_audio_format", settings_.output_format},
      {"output", json::array{item}},
      {"usage", describe_usage(output_tokens)}};
  if (cancelled)
    done["status_details"] =
        json::object{{"type", done["status"]}, {"reason", response.stop_reason}};
  send({{"type", "response.done"}, {"response", done}});
}

json::object VoiceLiveSession::describe_session() const {
  const auto& detection = settings_.turn_detection;
  const auto expires = services_.clock.wall_now() +
                       std::chrono::duration_cast<Duration>(shared_.options.session_length_max);
  json::object session{{"id", session_id_},
                       {"object", "realtime.session"},
                       {"model", model_},
                       {"modalities", json::array{"text", "audio"}},
                       {"voice", {{"type", "azure-standard"}, {"name", "en-US-AvaNeural"}}},
                       {"input_audio_format", settings_.input_format},
                       {"output_audio_format", settings_.output_format},
                       {"input_audio_sampling_rate", settings_.input_rate_hz},
                       {"turn_detection",
                        {{"type", settings_.turn_detection_type},
                         {"threshold", 0.5},
                         {"prefix_padding_ms", detection.prefix_padding_ms},
                         {"silence_duration_ms", detection.silence_duration_ms},
                         {"create_response", settings_.create_response},
                         {"interrupt_response", settings_.interrupt_response}}},
                       {"tools", json::array{}},
                       {"tool_choice", "auto"},
                       {"temperature", 0.8},
                       {"max_response_output_tokens", "inf"},
                       {"expires_at", to_unix_ms(expires) / 1000}};
  if (agent_mode_)
    session["agent"] = {
        {"type", "agent"}, {"name", model_}, {"agent_id", "simulated"}, {"thread_id", session_id_}};
  return session;
}

void VoiceLiveSession::send(json::object event) {
  event["event_id"] = next_id("event_");
  if (!socket_.try_send(json::serialize(event)))
    services_.log.debug("assistant's event was not sent", {{"session", session_id_}});
}

void VoiceLiveSession::send_error(std::string_view code, std::string message,
                                  const json::object& cause, std::string_view parameter) {
  json::object error{
      {"type", "invalid_request_error"}, {"code", code}, {"message", message}, {"param", nullptr}};
  if (!parameter.empty()) error["param"] = parameter;
  if (const auto id = text_of(cause, "event_id"); !id.empty()) error["event_id"] = id;
  send({{"type", "error"}, {"error", error}});
}

std::string VoiceLiveSession::next_id(std::string_view prefix) {
  return fmt::format("{}{}{}", prefix, session_id_.substr(5, 4), ++ids_);
}

void VoiceLiveSession::tell(std::string text) {
  if (shared_.events.happened) shared_.events.happened(session_id_, std::move(text));
}

}  // namespace earshot::simulator
