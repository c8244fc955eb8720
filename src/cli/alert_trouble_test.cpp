#include "cli/alert_trouble.hpp"

#include <doctest/doctest.h>

using earshot::cli::alert_trouble;

namespace {

boost::json::object alert(std::string_view deliveries) {
  return boost::json::parse(R"({"id":"a","deliveries":)" + std::string(deliveries) + "}")
      .as_object();
}

}  // namespace

TEST_CASE("a webhook that has not been tried yet is no trouble") {
  CHECK(alert_trouble(alert(R"([{"host":"one.example","state":"waiting","lastError":""}])")) == "");
  CHECK(alert_trouble(alert("[]")) == "");
  CHECK(alert_trouble({}) == "");
}

TEST_CASE("trouble is that of the first webhook that has not taken the alert") {
  CHECK(alert_trouble(alert(R"([
      {"host":"one.example","state":"delivered","lastError":"it answered 500"},
      {"host":"two.example","state":"waiting","lastError":""},
      {"host":"three.example","state":"dead","lastError":"it answered 410"}])")) ==
        "three.example: it answered 410");
}
