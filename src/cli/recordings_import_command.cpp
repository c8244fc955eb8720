// earshot recordings import --from 20250801 [--to …] [--dry-run]
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "cli/table.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace earshot::cli {
namespace {

constexpr Duration ask_every = 1s;
// Folders in the final table; --json and the API give the rest.
constexpr int folders_shown = 100;

struct ImportAnswer {
  std::string body;
  boost::json::object shown;
  std::string state() const { return cell(shown, "state"); }
  bool is_over() const { return state() == "done" || state() == "failed"; }
};

Result<ImportAnswer> read_answer(Result<std::string> body) {
  if (!body) return Failure(body.error());
  auto shown = parse_answer(*body);
  if (!shown) return Failure(shown.error());
  return ImportAnswer{.body = std::move(*body), .shown = std::move(*shown)};
}

// On a terminal a line that moves, otherwise a line a date.
class Line {
 public:
  void show(const ImportAnswer& answer) {
    const auto date = cell(answer.shown, "date");
    const bool terminal = isatty(fileno(stderr)) != 0;
    if (!terminal && date == told_) return;
    told_ = date;
    std::fprintf(stderr, "%s%s: %s adopted, %s updated, %s known, %s refused%s",
                 terminal ? "\r\x1b[K" : "", date.c_str(), cell(answer.shown, "adopted").c_str(),
                 cell(answer.shown, "updated").c_str(), cell(answer.shown, "known").c_str(),
                 cell(answer.shown, "refused").c_str(), terminal ? "" : "\n");
    moving_ = terminal;
  }
  void finish() const {
    if (moving_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  std::string told_;
  bool moving_ = false;
};

Task<Result<ImportAnswer>> wait_for(ApiClient& client, std::string path, ImportAnswer answer) {
  Line line;
  while (!answer.is_over()) {
    co_await client.wait(ask_every);
    auto next = read_answer(co_await client.get(path));
    if (!next) co_return Failure(next.error());
    answer = std::move(*next);
    line.show(answer);
  }
  line.finish();
  // Once more: an import that was over at once has told nothing of its folders yet.
  co_return read_answer(co_await client.get(std::move(path)));
}

void print_folders(const ImportAnswer& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : items(answer.shown, "items")) {
    if (!item.is_object()) continue;
    const auto& folder = item.get_object();
    rows.push_back({cell(folder, "outcome"), cell(folder, "files"), cell(folder, "recordingId"),
                    cell(folder, "folder"), cell(folder, "detail")});
  }
  if (rows.empty()) return;
  const std::vector<Column> columns{
      {"outcome"}, {"files", true}, {"recording"}, {"folder"}, {"what"}};
  std::printf("%s\n", format_table(columns, rows).c_str());
}

void print_import(const ImportAnswer& answer) {
  print_folders(answer);
  for (const char* name :
       {"importId", "state", "from", "to", "dryRun", "adopted", "updated", "known", "searched",
        "refused", "left", "files", "otherBlobs", "requests"})
    std::printf("%-10s %s\n", name, cell(answer.shown, name).c_str());
  std::printf("%-10s %s\n", "read", format_bytes(number(answer.shown, "bytesRead")).c_str());
}

}  // namespace

Task<int> run_recordings_import(ApiClient& client, RecordingsImportOptions options) {
  boost::json::object body{{"from", options.from}, {"dryRun", options.dry_run}};
  if (!options.to.empty()) body["to"] = options.to;
  auto answer = read_answer(co_await client.post("/api/v1/imports", boost::json::serialize(body)));
  if (!answer) co_return report(answer.error());
  const std::string path =
      fmt::format("/api/v1/imports/{}?limit={}", cell(answer->shown, "importId"), folders_shown);
  if (!options.no_wait) answer = co_await wait_for(client, path, std::move(*answer));
  if (!answer) co_return report(answer.error());
  if (options.common.json)
    std::printf("%s\n", answer->body.c_str());
  else
    print_import(*answer);
  if (answer->state() == "failed")
    co_return report(Error{.message = "the import failed: " + cell(answer->shown, "error")});
  co_return 0;
}

}  // namespace earshot::cli
