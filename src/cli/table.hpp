#pragma once
// Tables for people: columns as wide as their widest cell, numbers to the right. Control characters
// in cells are shown as "?", so that a hostile caller name cannot move the cursor.

#include <string>
#include <vector>

namespace earshot::cli {

struct Column {
  std::string title;
  bool to_the_right = false;
};

std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows);
// "1:05", "2:03:09"
std::string format_seconds(double seconds);
// "1.9 MB"
std::string format_bytes(double bytes);

}  // namespace earshot::cli
