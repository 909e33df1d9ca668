// SQL that does not stand in the program's source (sql_text) but was written by a person, in a plan, for a database of
// their own. It is prepared for reading only: what would change anything is refused before it runs.
#pragma once

#include <string>
#include <utility>

namespace lakh::sql {

class written_query {
 public:
  explicit written_query(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace lakh::sql
