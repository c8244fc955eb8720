#pragma once
// Imports of recordings that the database has never seen:
//   POST /api/v1/imports {"from":"20250801","to":"20250831","dryRun":false}   to: today
//   GET  /api/v1/imports?limit=                                    newest first
//   GET  /api/v1/imports/{id}?outcome=&limit=&offset=              how far one is, and its folders
// Behind the API key. Runs on the control thread (app wraps the handlers).

#include "api/access.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "net/router.hpp"
#include "recording/importing/imports.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot::api {

class ImportRoutes {
 public:
  // All outlive the routes.
  ImportRoutes(recording::Imports& imports, Secret api_key, Counters& counters, Log& log);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  Task<net::HttpResponse> request_import(net::HttpRequest request);
  Task<net::HttpResponse> list_imports(net::HttpRequest request);
  Task<net::HttpResponse> show_import(net::HttpRequest request);

  recording::Imports& imports_;
  Access access_;
  Log& log_;
};

// `invalid` says which member is wrong. A date is "20250801" or "2025-08-01".
Result<recording::ImportRequest> parse_import_request(std::string_view body);
std::string import_json(const Import& shown);
std::string import_json(const Import& shown, const std::vector<ImportItem>& items);
std::string imports_json(const std::vector<Import>& imports);

}  // namespace earshot::api
