#include "recording/transcript_text.hpp"

#include "base/random.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <optional>
#include <sstream>

using namespace earshot;
using namespace earshot::recording;

namespace {

TranscriptTurn turn(Speaker who, Duration start, Duration end, std::string text) {
  return {.speaker = who, .place = {.start = start, .end = end}, .text = std::move(text)};
}

Transcript of(std::vector<TranscriptTurn> turns) {
  return {.call = {"c"}, .source = TranscriptSource::repaired, .turns = std::move(turns)};
}

struct Cue {
  std::string id;
  long long start_ms = 0;
  long long end_ms = 0;
  std::string voice;
  std::string text;  // without escapes
};

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::istringstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

long long ms_of(const std::string& text, char point) {
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  int ms = 0;
  char found = 0;
  REQUIRE(std::sscanf(text.c_str(), "%d:%d:%d%c%d", &hours, &minutes, &seconds, &found, &ms) == 5);
  CHECK(found == point);
  return ((hours * 60LL + minutes) * 60 + seconds) * 1000 + ms;
}

// As a player reads blocks: an id, a line with the arrow, payload until a blank line.
std::vector<Cue> read_cues(const std::vector<std::string>& lines, std::size_t at, char point) {
  std::vector<Cue> cues;
  while (at < lines.size()) {
    if (lines[at].empty()) {
      ++at;
      continue;
    }
    Cue cue{.id = lines[at++]};
    REQUIRE(at < lines.size());
    const auto arrow = lines[at].find(" --> ");
    REQUIRE(arrow != std::string::npos);
    cue.start_ms = ms_of(lines[at].substr(0, arrow), point);
    cue.end_ms = ms_of(lines[at].substr(arrow + 5), point);
    for (++at; at < lines.size() && !lines[at].empty(); ++at) {
      CHECK(lines[at].find("-->") == std::string::npos);
      cue.text += (cue.text.empty() ? "" : "\n") + lines[at];
    }
    cues.push_back(std::move(cue));
  }
  return cues;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  std::string out;
  std::size_t from = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, from)) {
    out.append(text, from, at - from).append(with);
    from = at + what.size();
  }
  text = out.append(text, from);
}

std::vector<Cue> read_vtt(const std::string& file) {
  const auto lines = lines_of(file);
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.front() == "WEBVTT");
  auto cues = read_cues(lines, 1, '.');
  for (auto& cue : cues) {
    REQUIRE(cue.text.starts_with("<v "));
    REQUIRE(cue.text.ends_with("</v>"));
    const auto close = cue.text.find('>');
    cue.voice = cue.text.substr(3, close - 3);
    cue.text = cue.text.substr(close + 1, cue.text.size() - close - 5);
    // What is left has no tag, and no reference but these three.
    CHECK(cue.text.find_first_of("<>") == std::string::npos);
    replace_all(cue.text, "&lt;", "<");
    replace_all(cue.text, "&gt;", ">");
    replace_all(cue.text, "&amp;", "&");
  }
  return cues;
}

std::vector<Cue> read_srt(const std::string& file) { return read_cues(lines_of(file), 0, ','); }

const std::vector<std::string>& nasty_pieces() {
  static const std::vector<std::string> pieces = {"-->",
                                                  "<",
                                                  ">",
                                                  "&",
                                                  "&amp;",
                                                  "</v>",
                                                  "<b>",
                                                  "{\\an8}",
                                                  "\n",
                                                  "\n\n",
                                                  "\r\n",
                                                  "\r",
                                                  std::string(1, '\0'),
                                                  "\xff",
                                                  "\xe3\x81",
                                                  "WEBVTT",
                                                  "NOTE",
                                                  "STYLE",
                                                  "1",
                                                  "00:00:01.000 --> 00:00:02.000",
                                                  "hello",
                                                  " ",
                                                  "\t",
                                                  "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                                  "\xe2\x80\xa8",
                                                  "\x1b[2J",
                                                  "\xf0\x9f\x98\x80"};
  return pieces;
}

std::string nasty_text(Random& random) {
  std::string text;
  const auto count = random.next_below(12);
  for (std::uint64_t i = 0; i < count; ++i)
    text += nasty_pieces()[random.next_below(nasty_pieces().size())];
  return text;
}

// Said once more, by the rule: runs of blanks and controls are one blank, none at the ends.
std::string plain(const std::string& text) {
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto one = first_character(rest);
    const std::string_view bytes = rest.substr(0, std::max<std::size_t>(1, one.bytes));
    rest.remove_prefix(bytes.size());
    const bool breaks = one.code == 0x2028 || (one.bytes == 1 && one.code != 0 && one.code <= 0x20);
    if (one.bytes == 0 || one.code == 0)
      out += "\xef\xbf\xbd";
    else if (!breaks)
      out += bytes;
    else if (!out.empty() && !out.ends_with(' '))
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("a WebVTT file has a cue for each turn, with its speaker") {
  auto cut = turn(Speaker::assistant, 3'500ms, 5'250ms, "I can tell you");
  cut.interrupted = true;
  cut.cut_is_estimated = true;
  CHECK(transcript_vtt(of({turn(Speaker::caller, 1'234'567us, 3s, "Tom & Jerry <3"), cut})) ==
        "WEBVTT\n"
        "\n1\n00:00:01.235 --> 00:00:03.000\n<v Caller>Tom &amp; Jerry &lt;3</v>\n"
        "\n2\n00:00:03.500 --> 00:00:05.250\n"
        "<v Assistant>I can tell you [interrupted, cut estimated]</v>\n");
}

TEST_CASE("a SubRip file has the same, without markup") {
  auto cut = turn(Speaker::assistant, 3'500ms, 5'250ms, "I can <b>tell</b> {\\an8}you");
  cut.interrupted = true;
  CHECK(transcript_srt(of({turn(Speaker::caller, 1s, 3s, "a --> b"), cut})) ==
        "1\n00:00:01,000 --> 00:00:03,000\nCaller: a --\u203a b\n"
        "\n2\n00:00:03,500 --> 00:00:05,250\n"
        "Assistant: I can \u2039b\u203atell\u2039/b\u203a (\\an8)you [interrupted]\n");
}

TEST_CASE("a transcript without words is a file all the same") {
  CHECK(transcript_vtt(of({})) == "WEBVTT\n");
  CHECK(transcript_srt(of({})).empty());
  CHECK(transcript_vtt(of({turn(Speaker::caller, 1s, 2s, " \n ")})) == "WEBVTT\n");
}

TEST_CASE("times beyond an hour, of no length, and before zero are times") {
  CHECK(transcript_srt(of({turn(Speaker::caller, -1s, -1s, "a"),
                           turn(Speaker::caller, 29h + 59min + 59'999ms, 29h, "b")})) ==
        "1\n00:00:00,000 --> 00:00:00,001\nCaller: a\n"
        "\n2\n29:59:59,999 --> 30:00:00,000\nCaller: b\n");
}

TEST_CASE("whatever was said, a player reads one cue for each turn, and what was said") {
  SeededRandom random(11);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<TranscriptTurn> turns;
    Duration at{0};
    const auto count = random.next_below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      at += Duration(static_cast<std::int64_t>(random.next_below(3'000'000)));
      // They overlap as speech does.
      turns.push_back(turn(random.next_below(2) == 0 ? Speaker::caller : Speaker::assistant, at,
                           at + Duration(static_cast<std::int64_t>(random.next_below(5'000'000))),
                           nasty_text(random)));
    }
    std::vector<TranscriptTurn> with_text;
    std::ranges::copy_if(turns, std::back_inserter(with_text),
                         [](const TranscriptTurn& one) { return !plain(one.text).empty(); });
    const auto vtt = read_vtt(transcript_vtt(of(turns)));
    const auto srt = read_srt(transcript_srt(of(turns)));
    REQUIRE(vtt.size() == with_text.size());
    REQUIRE(srt.size() == with_text.size());
    for (std::size_t i = 0; i < vtt.size(); ++i) {
      CHECK(vtt[i].text == plain(with_text[i].text));
      CHECK(vtt[i].voice == (with_text[i].speaker == Speaker::caller ? "Caller" : "Assistant"));
      CHECK(vtt[i].end_ms > vtt[i].start_ms);
      CHECK((i == 0 || vtt[i].start_ms >= vtt[i - 1].start_ms));
      CHECK(std::abs(vtt[i].start_ms - with_text[i].place.start.count() / 1000) <= 1);
      CHECK(srt[i].start_ms == vtt[i].start_ms);
      CHECK(srt[i].end_ms == vtt[i].end_ms);
      CHECK(srt[i].id == std::to_string(i + 1));
      CHECK(srt[i].text.find_first_of("<>{}") == std::string::npos);
      CHECK(count_characters(srt[i].text) ==
            count_characters(vtt[i].text) + vtt[i].voice.size() + 2);
    }
  }
}

TEST_CASE("a very long turn is one cue") {
  const std::string text(2'000'000, '&');
  const auto cues = read_vtt(transcript_vtt(of({turn(Speaker::caller, 0s, 60s, text)})));
  REQUIRE(cues.size() == 1);
  CHECK(cues[0].text == text);
}

TEST_CASE("as JSON nothing of the text is lost, and what the places rest on is told") {
  auto one = turn(Speaker::caller, 1s, 2s, "a\n-->\"<b>\" {x}");
  one.basis = MappingBasis::metadata;
  one.uncertainty = 300ms;
  one.repaired = one.place;
  one.words.push_back({.text = "a", .start = 1s, .end = 1'500ms});
  auto transcript = of({one});
  transcript.basis = MappingBasis::metadata;
  transcript.verdict = 2;
  const auto shown = transcript_json(transcript);
  for (const std::string_view part :
       {R"("contextId":"c")", R"("source":"repaired")", R"("placedBy":"metadata")", R"("note":")",
        R"("verdict":2)", R"("text":"a\n-->\"<b>\" {x}")", R"("uncertaintySeconds":3E-1)",
        R"("positions":{"call":{)", R"("repaired":{"startSeconds":1E0,"endSeconds":2E0)",
        R"("words":[{"text":"a","startSeconds":1E0,"endSeconds":1.5E0}])"}) {
    CAPTURE(shown);
    CAPTURE(part);
    CHECK(shown.find(part) != std::string::npos);
  }
  CHECK(shown.find(R"("acs")") == std::string::npos);
}
