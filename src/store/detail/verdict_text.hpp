#pragma once
// The lists of a verdict as text: one item a line, "item=" and its fields with a space between, the
// one that may hold anything last, escaped as in store/detail/field_text.hpp. Thresholds are lines
// of "name=number"; a name that is not there keeps its default.

#include "domain/verdict.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace earshot::store {

std::string write_gaps(const std::vector<JudgedGap>& gaps);
std::string write_findings(const std::vector<Finding>& findings);
std::string write_timeline(const Timeline& timeline);
std::string write_mapping(const ClockMapping& mapping);
std::string write_thresholds(const VerdictThresholds& thresholds);

// Throw DatabaseError (`corrupt`) for text of another form.
std::vector<JudgedGap> read_gaps(std::string_view text);
std::vector<Finding> read_findings(std::string_view text);
Timeline read_timeline(std::string_view text);
ClockMapping read_mapping(std::string_view text);
VerdictThresholds read_thresholds(std::string_view text);

}  // namespace earshot::store
