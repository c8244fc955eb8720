#include "api/region_routes.hpp"

#include <boost/json.hpp>

namespace earshot::api {
namespace {

namespace json = boost::json;

// Adds to what is there: the estimate, or that there is none.
json::object with(json::object object, const std::optional<Estimate>& estimate) {
  object["notEnoughCalls"] = !estimate.has_value();
  object["value"] = estimate ? json::value(estimate->value) : json::value(nullptr);
  object["low"] = estimate ? json::value(estimate->interval.low) : json::value(nullptr);
  object["high"] = estimate ? json::value(estimate->interval.high) : json::value(nullptr);
  return object;
}

json::object object_of(const RegionMeasure& measure) {
  return with({{"calls", measure.calls}}, measure.estimate);
}

json::object object_of(const Region& region) {
  json::array codes;
  codes.reserve(region.end_codes.size());
  for (const auto& code : region.end_codes)
    codes.push_back(json::object{{"code", code.code},
                                 {"calls", code.rate.hits},
                                 {"value", code.rate.value()},
                                 {"low", code.interval.low},
                                 {"high", code.interval.high}});
  return {{"label", region.label},
          {"rang", region.rang},
          {"connected", region.connected},
          {"startDelayMs", object_of(region.start_delay_ms)},
          {"complete", object_of(region.complete)},
          {"chunks", object_of(region.chunks)},
          {"notConnected", object_of(region.not_connected)},
          {"failedStarts", object_of(region.failed_starts)},
          {"endCodes", std::move(codes)}};
}

json::object object_of(const RegionDifference& difference) {
  auto object = with({{"measure", difference.measure},
                      {"region", difference.region},
                      {"baseline", difference.baseline}},
                     difference.estimate);
  object["mayBeNone"] = difference.may_be_none();
  return object;
}

json::object object_of(const EndCodeDifferences& differences) {
  json::array codes;
  codes.reserve(differences.codes.size());
  for (const auto& one : differences.codes)
    codes.push_back(json::object{{"code", one.code},
                                 {"calls", one.region.hits},
                                 {"baselineCalls", one.baseline.hits},
                                 {"value", one.value()},
                                 {"low", one.interval.low},
                                 {"high", one.interval.high},
                                 {"mayBeNone", one.may_be_none()}});
  return {{"region", differences.region},
          {"baseline", differences.baseline},
          {"notEnoughCalls", differences.not_enough_calls},
          {"codes", std::move(codes)}};
}

// The confidence of each interval stands beside how many there are: it follows from that.
json::object end_codes_of(const RegionReport& report) {
  const auto compared = report.end_codes_compared;
  json::array regions;
  regions.reserve(report.end_codes.size());
  for (const auto& differences : report.end_codes) regions.push_back(object_of(differences));
  return {{"compared", compared},
          {"confidence",
           compared == 0 ? json::value(nullptr) : json::value(simultaneous_confidence(compared))},
          {"regions", std::move(regions)}};
}

}  // namespace

std::string region_report_json(const RegionReport& report, WallTime from, WallTime to) {
  json::array regions;
  regions.reserve(report.regions.size());
  for (const auto& region : report.regions) regions.push_back(object_of(region));
  json::array differences;
  differences.reserve(report.differences.size());
  for (const auto& difference : report.differences) differences.push_back(object_of(difference));
  return json::serialize(json::object{{"from", to_iso8601(from)},
                                      {"to", to_iso8601(to)},
                                      {"confidence", 0.95},
                                      {"callsNeeded", region_calls_min},
                                      {"regions", std::move(regions)},
                                      {"differences", std::move(differences)},
                                      {"endCodeDifferences", end_codes_of(report)}});
}

}  // namespace earshot::api
