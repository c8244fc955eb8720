// earshot events replay FILE|-
#include "cli/answer_view.hpp"
#include "cli/commands.hpp"
#include "cli/output_json.hpp"
#include "net/url.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <utility>

namespace earshot::cli {
namespace {

constexpr int wrong_use = 2;

Result<std::string> read_letters(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream in(file, std::ios::binary);
  // Through the stream, which marks a fault: an iterator throws at a directory.
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.is_open() || in.bad() || text.view().empty())
    return fail(ErrorKind::not_found, fmt::format("{} cannot be read, or is empty", file));
  return std::move(text).str();
}

}  // namespace

Task<int> run_events_replay(ApiClient& client, EventsReplayOptions options) {
  if (options.file.empty() && options.blob.empty()) {
    std::fputs("earshot: name a file, - for standard input, or --blob NAME\n", stderr);
    co_return wrong_use;
  }
  std::string letters;
  std::string path = "/api/v1/events/replay";
  if (!options.blob.empty()) {
    path += "?blob=" + net::percent_encode(options.blob);
  } else {
    auto read = read_letters(options.file);
    if (!read) co_return report(read.error());
    letters = std::move(*read);
  }
  auto body = co_await client.post(std::move(path), std::move(letters));
  bool all_taken = true;
  const int shown = show_answer(options.common.json, body, [&](const boost::json::object& answer) {
    std::printf("%s stored, %s known already, %s of unknown calls\n",
                cell(answer, "stored").c_str(), cell(answer, "duplicate").c_str(),
                cell(answer, "unknownCall").c_str());
    const auto& rejected = items(answer, "rejected");
    for (const auto& why : rejected)
      if (why.is_string()) std::fprintf(stderr, "not taken: %s\n", why.get_string().c_str());
    all_taken = rejected.empty();
  });
  co_return all_taken ? shown : 1;
}

}  // namespace earshot::cli
