#include "cli/answer_view.hpp"

#include "cli/output_json.hpp"

#include <cstdio>

namespace earshot::cli {

int show_answer(bool json, const Result<std::string>& body,
                const std::function<void(const boost::json::object&)>& show) {
  if (!body) return report(body.error());
  if (json) {
    std::printf("%s\n", body->c_str());
    return 0;
  }
  const auto answer = parse_answer(*body);
  if (!answer) return report(answer.error());
  show(*answer);
  return 0;
}

}  // namespace earshot::cli
