// Header fields as views into somebody's buffer, in the order in which they came.
#pragma once

#include <lakh/wire/ascii.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace lakh::wire {

struct field {
  std::string_view name;   // as it was written; compare with equals_ignoring_case
  std::string_view value;  // without white space at its ends
};

// Owns no text: valid as long as the buffer that it was parsed from. clear() keeps the memory, so that a list that is
// reused for message after message stops allocating after the first few.
class field_list {
 public:
  // The value of the first field of that name, ignoring case.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const field& f : fields_)
      if (equals_ignoring_case(f.name, name)) return f.value;
    return std::nullopt;
  }
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name).has_value(); }
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;

  // Whether any field of that name has this element in its comma-separated list, both ignoring case:
  // has_token("connection", "close").
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const noexcept;

  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  [[nodiscard]] const field& operator[](std::size_t i) const noexcept { return fields_[i]; }

  void push_back(field f) { fields_.push_back(f); }
  void clear() noexcept { fields_.clear(); }
  void reserve(std::size_t n) { fields_.reserve(n); }

 private:
  std::vector<field> fields_;
};

}  // namespace lakh::wire
