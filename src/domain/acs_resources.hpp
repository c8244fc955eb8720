#pragma once
// The ACS resources that calls come in on, one a region as a rule: how each is called here, and
// which of them a call belongs to. A call stays with the resource that it came in on.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace earshot {

struct AcsResourceName {
  std::string label;  // is_resource_label(); stored with every call
  // "/subscriptions/…/providers/Microsoft.Communication/CommunicationServices/voice": what Event
  // Grid names as topic or source. May be empty where there is one resource only.
  std::string id;
};

// 1 to 32 small letters, digits and hyphens, no hyphen at either end.
bool is_resource_label(std::string_view text);

// What is stored with a call that came in on a resource which is not configured: "?" and the last
// part of the topic, which is no label.
std::string unknown_resource_label(std::string_view topic);

class AcsResources {
 public:
  // At least one; labels and ids are each different.
  explicit AcsResources(std::vector<AcsResourceName> names);

  const std::vector<AcsResourceName>& names() const { return names_; }
  // The label of the resource that an event with this topic is of. Where there is one resource,
  // every event is of it. None: it is of none of ours.
  std::optional<std::string> label_of(std::string_view topic) const;
  // The place in names() of the resource that a call was stored with; none when it is configured no
  // longer. Calls stored before resources had labels ("") are the first's.
  std::optional<std::size_t> place_of(std::string_view label) const;

 private:
  std::vector<AcsResourceName> names_;
};

}  // namespace earshot
