#pragma once
// An HttpClient for tests: answers from a script and keeps what was asked.

#include "net/http_client.hpp"

#include <deque>
#include <functional>
#include <vector>

namespace earshot::acs::testing {

class FakeHttpClient : public net::HttpClient {
 public:
  // Answers the next request that no earlier answer was for.
  void answer(int status, std::string body, net::HttpHeaders headers = {}) {
    net::HttpReply reply;
    reply.status = status;
    reply.headers = std::move(headers);
    reply.body = std::move(body);
    answers_.emplace_back(std::move(reply));
  }
  void answer_nothing() { answers_.emplace_back(fail(ErrorKind::unavailable, "no connection")); }
  // Answers whatever the script has nothing for.
  std::function<Result<net::HttpReply>(const net::HttpCall&)> otherwise;
  // Runs before each answer, such as a wait.
  std::function<Task<void>()> before;

  std::vector<net::HttpCall> calls;

  Task<Result<net::HttpReply>> send(net::HttpCall call) override {
    calls.push_back(call);
    if (before) co_await before();
    if (answers_.empty()) {
      if (otherwise) co_return otherwise(call);
      co_return fail(ErrorKind::unavailable, "the script has no answer");
    }
    auto reply = std::move(answers_.front());
    answers_.pop_front();
    co_return reply;
  }
  Task<Result<net::HttpReply>> download(net::HttpCall call, Sink sink) override {
    auto reply = co_await send(call);
    if (!reply || reply->status < 200 || reply->status > 299 || reply->body.empty())
      co_return reply;
    if (call.on_head)
      if (auto told = call.on_head(*reply); !told) co_return Failure(told.error());
    if (auto taken = sink(reply->body); !taken) co_return Failure(taken.error());
    reply->body.clear();
    co_return reply;
  }

 private:
  std::deque<Result<net::HttpReply>> answers_;
};

}  // namespace earshot::acs::testing
