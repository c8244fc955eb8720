#pragma once
// Builds what keeps, holds and erases: the rounds of retention, erasure's job, and their routes.

#include "api/retention_routes.hpp"
#include "app/config.hpp"
#include "app/service.hpp"
#include "jobs/job_runner.hpp"
#include "net/router.hpp"
#include "recording/caller_erasure.hpp"
#include "recording/retention_rounds.hpp"

#include <functional>

namespace earshot::app {

class Retention {
 public:
  // All outlive this. `signing` signs receipts, and they name callers by a digest of its own.
  Retention(const Config& config, recording::RetentionServices services, Random& random,
            const recording::ManifestKey& signing, jobs::JobRunner& jobs);

  Task<void> run() { return rounds_.run(); }
  void stop() { rounds_.stop(); }
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap) {
    routes_.add_routes(router, wrap);
  }

 private:
  recording::RetentionKeeper keeper_;
  recording::RetentionRounds rounds_;
  recording::CallerErasure erasure_;
  api::RetentionRoutes routes_;
};

}  // namespace earshot::app
