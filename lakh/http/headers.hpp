// Header fields that own their text, in order. Names compare without case.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::http {

class headers {
 public:
  using value_type = std::pair<std::string, std::string>;

  headers() = default;

  // Behind what is there; a name may occur more than once. Throws input_error for a name or value that could not be
  // sent: line ends and other control characters could inject fields.
  headers& add(std::string_view name, std::string_view value);
  // In place of all fields of that name.
  headers& set(std::string_view name, std::string_view value);
  headers& remove(std::string_view name);

  // The value of the first field of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name).has_value(); }

  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }

 private:
  std::vector<value_type> fields_;
};

}  // namespace lakh::http
