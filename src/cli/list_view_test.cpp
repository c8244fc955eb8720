#include "cli/list_view.hpp"

#include <doctest/doctest.h>

using earshot::cli::with_query;

TEST_CASE("parameters that were not given are left out of the query, and the others encoded") {
  CHECK(with_query("/api/v1/alerts", {{"limit", "20"}, {"state", ""}, {"call", "a b&c"}}) ==
        "/api/v1/alerts?limit=20&call=a%20b%26c");
  CHECK(with_query("/api/v1/alerts", {{"state", ""}}) == "/api/v1/alerts");
}
