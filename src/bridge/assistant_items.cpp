#include "bridge/assistant_items.hpp"

#include <algorithm>

namespace earshot::bridge {

AssistantItem* AssistantItems::find(std::string_view item_id) {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item)
    if (item->item_id == item_id) return &*item;
  return nullptr;
}

AssistantItem* AssistantItems::find(ItemNumber number) {
  for (auto item = items_.rbegin(); item != items_.rend(); ++item)
    if (item->number == number) return &*item;
  return nullptr;
}

AssistantItem& AssistantItems::add(std::string item_id, std::string response_id, SpeechKind kind) {
  if (items_.size() == items_max) items_.pop_front();
  items_.push_back(AssistantItem{.number = ++last_,
                                 .item_id = std::move(item_id),
                                 .response_id = std::move(response_id),
                                 .kind = kind});
  return items_.back();
}

void AssistantItems::forget_over(SteadyTime now) {
  while (items_.size() > items_kept) {
    const AssistantItem& oldest = items_.front();
    const bool is_over = oldest.interrupted ||
                         (oldest.is_complete() && oldest.saved && oldest.play_end <= now) ||
                         (oldest.generation_ended && oldest.generated == 0);
    if (!is_over) return;
    items_.pop_front();
  }
}

void AssistantItems::end_generation(std::string_view response_id) {
  for (AssistantItem& item : items_)
    if (item.response_id == response_id) item.generation_ended = true;
}

void AssistantItems::end_generation_of_all() {
  for (AssistantItem& item : items_) item.generation_ended = true;
}

bool AssistantItems::any_unsent() const {
  return std::ranges::any_of(items_, &AssistantItem::has_unsent);
}

}  // namespace earshot::bridge
