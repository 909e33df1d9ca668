// JSON Schema (draft 2020-12, as OpenAPI 3.1 has it) of the types that an app takes and answers with.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

class schema_set;

// Appends one schema object. Named types go into the set and are referred to.
using schema_writer = void (*)(std::string& out, schema_set& set);

// Specialise for a type whose name in the document should not be its C++ name without namespaces:
//   template <> inline constexpr std::string_view lakh::http::schema_name<shop::order_view> = "Order";
template <class T> inline constexpr std::string_view schema_name{};

// The schemas that have a name: components/schemas of the document.
class schema_set {
 public:
  // Appends {"$ref":"#/components/schemas/NAME"} and sees to it that NAME is in the set. `key` tells types apart: of
  // two types with the same short name, the second gets its qualified one.
  void refer(std::string& out, const void* key, std::string_view cpp_name, std::string_view given_name,
             schema_writer definition);
  // A definition that is known as text.
  void define(std::string_view name, std::string definition);

  // {"name":{...},...} in the order of first use.
  void append(std::string& out) const;

 private:
  struct entry {
    std::string name;
    const void* key;
    std::string definition;
  };
  [[nodiscard]] bool is_taken(std::string_view name) const noexcept;
  std::vector<entry> entries_;
};

// "shop::page<shop::order_view>" as "page_order_view": namespaces dropped, then letters, digits, '_', '.', '-' only.
std::string component_name(std::string_view cpp_name, bool with_namespaces = false);

namespace detail {

// How the compiler writes the type.
template <class T> consteval std::string_view cpp_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  const std::size_t more = text.find(';');  // g++ goes on with "; std::string_view = ..."
  return text.substr(0, more != std::string_view::npos ? more : text.size() - 1);
}

template <class T> inline constexpr char type_key = 0;

}  // namespace detail

}  // namespace lakh::http
