// earshot transcript CALL [--source call|acs|repaired|tap] [--format text|json|vtt|srt] [-o FILE]
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace earshot::cli {
namespace {

bool is_true(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string text_of(const boost::json::object& turn) {
  std::string text = cell(turn, "text");
  if (is_true(turn, "interrupted"))
    text += is_true(turn, "cutIsEstimated") ? " [interrupted, cut estimated]" : " [interrupted]";
  if (const auto presence = cell(turn, "presence"); presence == "none" || presence == "part")
    text += presence == "none" ? " [not in this audio]" : " [in part in this audio]";
  return text;
}

std::string as_table(const boost::json::object& transcript) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(transcript, "turns")) {
    if (!item.is_object()) continue;
    const auto& turn = item.get_object();
    rows.push_back({fmt::format("{:.2f}", number(turn, "startSeconds")),
                    fmt::format("{:.2f}", number(turn, "endSeconds")), cell(turn, "speaker"),
                    text_of(turn)});
  }
  std::string out = format_table({{"from s", true}, {"to s", true}, {"who"}, {"text"}}, rows);
  if (cell(transcript, "placedBy") == "metadata") out += "\n" + cell(transcript, "note") + "\n";
  return out;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  // Under another name until it is whole.
  const std::string partial = path + ".part";
  std::error_code error;
  {
    std::ofstream file(partial, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) {
      std::filesystem::remove(partial, error);
      return fail(ErrorKind::unavailable, "cannot write " + path + "; is the disk full?");
    }
  }
  std::filesystem::rename(partial, path, error);
  if (error)
    return fail(ErrorKind::unavailable, "cannot rename " + partial + ": " + error.message());
  return ok();
}

}  // namespace

Task<int> run_transcript(ApiClient& client, TranscriptOptions options) {
  const bool to_file = !options.output.empty() && options.output != "-";
  if (to_file && !options.overwrite && std::filesystem::exists(options.output)) {
    std::fprintf(stderr,
                 "earshot: %s is there already; give --overwrite, or another name with -o\n",
                 options.output.c_str());
    co_return 2;
  }
  const bool as_text = !options.common.json && (options.format.empty() || options.format == "text");
  const std::string format = as_text || options.common.json ? "json" : options.format;
  auto body = co_await client.get(fmt::format(
      "/api/v1/calls/{}/transcript?source={}&format={}", net::percent_encode(options.call),
      net::percent_encode(options.source), net::percent_encode(format)));
  if (!body) co_return report(body.error());
  std::string shown = std::move(*body);
  if (as_text) {
    auto transcript = parse_answer(shown);
    if (!transcript) co_return report(transcript.error());
    shown = as_table(*transcript);
  } else if (!shown.ends_with('\n')) {
    shown += '\n';
  }
  if (to_file) {
    if (auto written = write_file(options.output, shown); !written)
      co_return report(written.error());
    std::printf("%s\n", std::filesystem::absolute(options.output).c_str());
    co_return 0;
  }
  std::fwrite(shown.data(), 1, shown.size(), stdout);
  co_return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace earshot::cli
