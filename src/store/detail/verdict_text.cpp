#include "store/detail/verdict_text.hpp"

#include "store/detail/connection.hpp"
#include "store/detail/field_text.hpp"
#include "store/detail/stored_text.hpp"
#include "store/detail/words.hpp"

#include <charconv>
#include <fmt/format.h>

namespace earshot::store {
namespace {

[[noreturn]] void damaged() {
  throw DatabaseError(
      {.kind = ErrorKind::corrupt, .message = "the database holds a verdict out of form"}, false);
}

// Words and numbers of one item, and what is left.
class ItemReader {
 public:
  explicit ItemReader(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const auto end = rest_.find(' ');
    const auto word = rest_.substr(0, end);
    if (word.empty()) damaged();
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return word;
  }
  template <class Number>
  Number number() {
    const auto text = word();
    Number value = 0;
    const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || at != text.data() + text.size()) damaged();
    return value;
  }
  Duration time() { return Duration(number<long long>()); }
  bool flag() { return number<int>() != 0; }
  template <class Enum>
  Enum of_words() {
    Enum value{};
    from_word(std::string(word()), value);
    return value;
  }
  // "-" stands for none: an empty field would not be seen.
  std::string id() {
    const auto text = word();
    return text == "-" ? std::string() : std::string(text);
  }
  std::string rest() { return std::string(rest_); }

 private:
  std::string_view rest_;
};

template <class Take>
void each_item(std::string_view text, Take take) {
  FieldReader reader(text);
  while (auto field = reader.next())
    if (field->name == "item") {
      ItemReader item(field->value);
      take(item);
    }
  if (reader.damaged()) damaged();
}

// A space would end the field, so it is written as \s, and a backslash twice.
std::string id_text(const std::string& id) {
  if (id.empty()) return "-";
  std::string text;
  for (const char c : id) {
    if (c == '\\')
      text += "\\\\";
    else if (c == ' ')
      text += "\\s";
    else
      text += c;
  }
  return id == "-" ? "\\-" : text;
}

std::string id_of_text(const std::string& text) {
  std::string id;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      id += text[i];
      continue;
    }
    ++i;
    id += text[i] == 's' ? ' ' : text[i];
  }
  return id;
}

template <class Optional>
std::string index_text(const Optional& index) {
  return index ? fmt::format("{}", index->value) : "-";
}

}  // namespace

std::string write_gaps(const std::vector<JudgedGap>& gaps) {
  FieldWriter writer;
  for (const auto& gap : gaps)
    writer.add("item", fmt::format("{} {} {} {} {} {} {} {}", gap.from.count(), gap.to.count(),
                                   to_word(gap.cause), gap.counts ? 1 : 0, gap.repaired ? 1 : 0,
                                   gap.caller_spoke.count(), gap.assistant_spoke.count(),
                                   gap.ledger_heard ? 1 : 0));
  return writer.take();
}

std::vector<JudgedGap> read_gaps(std::string_view text) {
  std::vector<JudgedGap> gaps;
  each_item(text, [&gaps](ItemReader& item) {
    JudgedGap gap;
    gap.from = item.time();
    gap.to = item.time();
    gap.cause = item.of_words<GapCause>();
    gap.counts = item.flag();
    gap.repaired = item.flag();
    gap.caller_spoke = item.time();
    gap.assistant_spoke = item.time();
    gap.ledger_heard = item.flag();
    gaps.push_back(gap);
  });
  return gaps;
}

std::string write_findings(const std::vector<Finding>& findings) {
  FieldWriter writer;
  for (const auto& finding : findings)
    writer.add("item",
               fmt::format("{} {} {} {} {} {} {}", to_word(finding.kind), index_text(finding.chunk),
                           finding.party ? to_word(*finding.party) : std::string_view("-"),
                           finding.from.count(), finding.to.count(),
                           id_text(finding.recording.text), mend_text(finding.detail)));
  return writer.take();
}

std::vector<Finding> read_findings(std::string_view text) {
  std::vector<Finding> findings;
  each_item(text, [&findings](ItemReader& item) {
    Finding finding;
    finding.kind = item.of_words<FindingKind>();
    if (const auto chunk = item.id(); !chunk.empty())
      finding.chunk = ChunkIndex{ItemReader(chunk).number<std::uint32_t>()};
    if (const auto party = item.id(); !party.empty()) {
      Speaker speaker{};
      from_word(party, speaker);
      finding.party = speaker;
    }
    finding.from = item.time();
    finding.to = item.time();
    finding.recording.text = id_of_text(item.id());
    finding.detail = item.rest();
    findings.push_back(std::move(finding));
  });
  return findings;
}

std::string write_timeline(const Timeline& timeline) {
  FieldWriter writer;
  writer.add("from", static_cast<long long>(timeline.from.count()));
  writer.add("to", static_cast<long long>(timeline.to.count()));
  for (const auto& span : timeline.spans)
    writer.add("item", fmt::format("{} {} {} {} {} {} {} {} {}", span.from.count(), span.to.count(),
                                   to_word(span.kind), to_word(span.source), to_word(span.cause),
                                   span.chunk.value, span.first_frame, span.frames,
                                   id_text(span.recording.text)));
  return writer.take();
}

Timeline read_timeline(std::string_view text) {
  Timeline timeline;
  FieldReader reader(text);
  while (auto field = reader.next()) {
    ItemReader item(field->value);
    if (field->name == "from") timeline.from = item.time();
    if (field->name == "to") timeline.to = item.time();
    if (field->name != "item") continue;
    Span span;
    span.from = item.time();
    span.to = item.time();
    span.kind = item.of_words<SpanKind>();
    span.source = item.of_words<SpanSource>();
    span.cause = item.of_words<GapCause>();
    span.chunk.value = item.number<std::uint32_t>();
    span.first_frame = item.number<std::uint64_t>();
    span.frames = item.number<std::uint64_t>();
    span.recording.text = id_of_text(item.id());
    timeline.spans.push_back(std::move(span));
  }
  if (reader.damaged()) damaged();
  return timeline;
}

std::string write_mapping(const ClockMapping& mapping) {
  FieldWriter writer;
  for (const auto& piece : mapping.pieces)
    writer.add("item", fmt::format("{} {} {} {} {} {} {} {}", to_word(piece.side),
                                   piece.chunk.value, piece.from.count(), piece.to.count(),
                                   piece.shift.count(), piece.uncertainty.count(),
                                   to_word(piece.basis), id_text(piece.recording.text)));
  return writer.take();
}

ClockMapping read_mapping(std::string_view text) {
  ClockMapping mapping;
  each_item(text, [&mapping](ItemReader& item) {
    MappingPiece piece;
    piece.side = item.of_words<Speaker>();
    piece.chunk.value = item.number<std::uint32_t>();
    piece.from = item.time();
    piece.to = item.time();
    piece.shift = item.time();
    piece.uncertainty = item.time();
    piece.basis = item.of_words<MappingBasis>();
    piece.recording.text = id_of_text(item.id());
    mapping.pieces.push_back(std::move(piece));
  });
  return mapping;
}

namespace {

// One list for writing and reading.
template <class Thresholds, class TimeField, class NumberField>
void each_threshold(Thresholds& t, TimeField time, NumberField number) {
  time("gap_us", t.gap);
  time("head_us", t.head);
  time("tail_us", t.tail);
  number("speech_dbfs", t.speech_dbfs);
  time("speech_us", t.speech);
  number("heard_dbfs", t.heard_dbfs);
  time("party_alone_us", t.party_alone);
  number("heard_share", t.heard_share);
  time("downlink_us", t.downlink);
  time("too_long_us", t.too_long);
  number("drift_ppm", t.drift_ppm);
  time("metadata_slack_us", t.metadata_slack);
  number("ledger_share", t.ledger_share);
}

}  // namespace

std::string write_thresholds(const VerdictThresholds& thresholds) {
  FieldWriter writer;
  each_threshold(
      thresholds,
      [&writer](std::string_view name, Duration value) {
        writer.add(name, static_cast<long long>(value.count()));
      },
      [&writer](std::string_view name, double value) {
        writer.add(name, fmt::format("{}", value));
      });
  return writer.take();
}

VerdictThresholds read_thresholds(std::string_view text) {
  VerdictThresholds thresholds;
  FieldReader reader(text);
  while (auto field = reader.next())
    each_threshold(
        thresholds,
        [&field](std::string_view name, Duration& value) {
          if (field->name == name) value = ItemReader(field->value).time();
        },
        [&field](std::string_view name, double& value) {
          if (field->name == name) value = ItemReader(field->value).number<double>();
        });
  if (reader.damaged()) damaged();
  return thresholds;
}

}  // namespace earshot::store
