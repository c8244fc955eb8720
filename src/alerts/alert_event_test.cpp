#include "alerts/alert_event.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>

using namespace earshot;
using namespace earshot::alerts;

namespace {

StoredAlert sample() {
  return {.id = {"5f1e0c00-1111-4222-8333-444455556666"},
          .alert = {.kind = "service_copy_expiring",
                    .call = {"c1"},
                    .recording = {"r1"},
                    .message = "2 file(s) of a recording were not fetched",
                    .at = *parse_iso8601("2026-03-02T09:15:30Z"),
                    .expires_at = parse_iso8601("2026-03-02T21:15:30Z")}};
}

boost::json::object event_of(const StoredAlert& stored) {
  return boost::json::parse(alert_event(stored, "https://calls.example.com")).as_object();
}

}  // namespace

TEST_CASE("an alert is a CloudEvents 1.0 event about its call") {
  const auto event = event_of(sample());
  CHECK(event.at("specversion") == "1.0");
  CHECK(event.at("id") == "5f1e0c00-1111-4222-8333-444455556666");
  CHECK(event.at("source") == "https://calls.example.com");
  CHECK(event.at("type") == "earshot.alert.service_copy_expiring");
  CHECK(event.at("subject") == "c1");
  CHECK(event.at("time") == "2026-03-02T09:15:30.000000Z");
  CHECK(event.at("datacontenttype") == "application/json");
  const auto& data = event.at("data").as_object();
  CHECK(data.at("kind") == "service_copy_expiring");
  CHECK(data.at("contextId") == "c1");
  CHECK(data.at("recordingId") == "r1");
  CHECK(data.at("expiresAt") == "2026-03-02T21:15:30.000000Z");
  CHECK(data.at("message") == "2 file(s) of a recording were not fetched");
}

TEST_CASE("what an alert does not have is left out, not empty") {
  auto stored = sample();
  stored.alert.call = {};
  stored.alert.recording = {};
  stored.alert.expires_at.reset();
  const auto event = event_of(stored);
  CHECK_FALSE(event.contains("subject"));
  CHECK(event.at("data").as_object().size() == 2);
}

TEST_CASE("telephone numbers in the words of others do not leave") {
  CHECK(without_numbers("from +81312345678 to 4:+15551234567.") == "from *** to 4:***.");
  CHECK(without_numbers("tel:%2B815098765432&x") == "tel:***&x");
  CHECK(without_numbers("call +1 555-123-4567 now") == "call *** now");
  CHECK(without_numbers("8 + 12 is 20, at 2026-03-02T09:15:30+09:00, sub-code 8522") ==
        "8 + 12 is 20, at 2026-03-02T09:15:30+09:00, sub-code 8522");
  auto stored = sample();
  stored.alert.message = "ACS answered: target 4:+815012345678 is busy";
  CHECK(alert_event(stored, "s").find("5012345678") == std::string::npos);
}

TEST_CASE("a message of any length makes an event that a receiver takes") {
  auto stored = sample();
  for (int i = 0; i < 50'000; ++i) stored.alert.message += "ä";
  const auto text = alert_event(stored, "s");
  CHECK(text.size() < 20'000);
  CHECK_NOTHROW(static_cast<void>(boost::json::parse(text)));
}
