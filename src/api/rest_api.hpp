#pragma once
// The REST API under /api/v1, and the doors that machines look through: /health, /healthz, /readyz,
// /metrics. Everything of /api/v1 and /metrics is behind the API key. Runs on the control thread
// (app wraps the handlers).

#include "api/access.hpp"
#include "api/signed_links.hpp"
#include "api/verdict_view.hpp"
#include "api/views.hpp"
#include "base/counters.hpp"
#include "base/log.hpp"
#include "calls/call_operations.hpp"
#include "net/router.hpp"
#include "ports/call_lists.hpp"
#include "ports/call_store.hpp"
#include "recording/recording_queries.hpp"
#include "recording/verification/call_verifier.hpp"

#include <functional>
#include <memory>
#include <string>

namespace earshot::api {

// Given at construction, outlive the API.
struct RestApiServices {
  CallStore& store;
  CallLists& lists;
  Counters& counters;
  Log& log;
  calls::CallOperations& operations;
  recording::RecordingQueries& recordings;
  recording::CallVerifier& verifier;
  std::vector<Bytes> manifest_public_keys;  // the present one first
  // Why the service cannot take calls now; "" = it can. For /readyz.
  std::function<std::string()> not_ready;
  // That open a recording's audio without the key; null: none do.
  const SignedLinks* links = nullptr;
};

class RestApi {
 public:
  RestApi(RestApiServices services, Secret api_key, std::string version);
  // `wrap` goes around each handler (to run it on the control thread).
  void add_routes(net::Router& router,
                  const std::function<net::HttpHandler(net::HttpHandler)>& wrap);

 private:
  using Member = Task<net::HttpResponse> (RestApi::*)(net::HttpRequest);
  net::HttpHandler open(Member member);
  net::HttpHandler guarded(Member member);

  Task<net::HttpResponse> health(net::HttpRequest request);
  Task<net::HttpResponse> ready(net::HttpRequest request);
  Task<net::HttpResponse> metrics(net::HttpRequest request);
  Task<net::HttpResponse> list_calls(net::HttpRequest request);
  Task<net::HttpResponse> show_call(net::HttpRequest request);
  Task<net::HttpResponse> show_turns(net::HttpRequest request);
  Task<net::HttpResponse> show_journal(net::HttpRequest request);
  Task<net::HttpResponse> show_verdict(net::HttpRequest request);
  Task<net::HttpResponse> show_timeline(net::HttpRequest request);
  Task<net::HttpResponse> verify(net::HttpRequest request);
  Task<net::HttpResponse> hang_up(net::HttpRequest request);
  Task<net::HttpResponse> list_recordings(net::HttpRequest request);
  Task<net::HttpResponse> show_recording(net::HttpRequest request);
  Task<net::HttpResponse> stop_recording(net::HttpRequest request);
  Task<net::HttpResponse> pause_recording(net::HttpRequest request);
  Task<net::HttpResponse> resume_recording(net::HttpRequest request);
  Task<net::HttpResponse> recording_audio(net::HttpRequest request);
  Task<net::HttpResponse> call_audio(net::HttpRequest request);
  Task<net::HttpResponse> recording_manifest(net::HttpRequest request);
  Task<net::HttpResponse> keys(net::HttpRequest request);
  Task<net::HttpResponse> diagnostics(net::HttpRequest request);

  // The verb on the call that the recording belongs to.
  using Verb = Task<Result<void>> (calls::CallOperations::*)(ContextId);
  Task<net::HttpResponse> steer_recording(RecordingId recording, Verb verb);
  Task<Result<ListedCall>> view_of(Call call);
  Task<Result<ListedRecording>> view_of(Recording recording);
  // The verdict that `?number=` asks for; one that is pending where none was given yet.
  Task<Result<VerdictView>> find_verdict(net::HttpRequest request);

  RestApiServices services_;
  Access access_;
  std::string version_;
};

}  // namespace earshot::api
