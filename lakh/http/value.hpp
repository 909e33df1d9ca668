// How values of a C++ type travel as JSON and as plain text (path, query, header): the one trait that everything typed
// in an app rests on, and its specialisations for numbers, texts and booleans. For structs, enums and containers see
// described.hpp, for types that carry their own bounds bounded.hpp.
//
// A value_codec<T> has
//   read(in, out, at)     steps over one JSON value; notes what is wrong with it (json_reader)
//   write(out, value)     appends JSON text
//   schema(out, set)      appends a JSON Schema
//   expected()            what a value must be, for people: "an integer from 1 to 999"
//   parse(text, out)      only where T has a form as plain text; false if it does not fit
//   check(value)          only where T has bounds: whether the value is within
#pragma once

#include <lakh/core/text.hpp>
#include <lakh/http/json_reader.hpp>
#include <lakh/http/schema.hpp>

#include <charconv>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

namespace lakh::http {

template <class T> struct value_codec;

// T can be the type of a JSON body, of an answer, or of a member of one.
template <class T>
concept json_value =
    requires(json_reader& in, T& value, const T& constant, const value_place& at, std::string& out, schema_set& set) {
      value_codec<T>::read(in, value, at);
      value_codec<T>::write(out, constant);
      value_codec<T>::schema(out, set);
      { value_codec<T>::expected() } -> std::convertible_to<std::string>;
    };

// T can be a parameter in path, query or header.
template <class T>
concept text_value = json_value<T> && requires(std::string_view text, T& value) {
  { value_codec<T>::parse(text, value) } -> std::same_as<bool>;
};

namespace detail {

template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// Bounds as text; empty: not worth telling.
std::string expected_integer(const std::string& least, const std::string& most);
void integer_schema(std::string& out, const std::string& least, const std::string& most);
bool parse_double(std::string_view text, double& out) noexcept;
void append_double(std::string& out, double value);
template <integer T> bool parse_integer(std::string_view text, T& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace detail

template <> struct value_codec<bool> {
  static void read(json_reader& in, bool& out, const value_place& at) {
    const std::string_view raw = in.value();
    if (!parse(raw, out)) in.note(at, expected(), raw);
  }
  static bool parse(std::string_view text, bool& out) noexcept {
    out = text == "true";
    return out || text == "false";
  }
  static void write(std::string& out, bool value) { out.append(value ? "true" : "false"); }
  static void schema(std::string& out, schema_set& /*set*/) { out.append(R"({"type":"boolean"})"); }
  static std::string expected() { return "true or false"; }
};

// Integers: JSON numbers without fraction and exponent, within the range of the type.
template <detail::integer T> struct value_codec<T> {
  static void read(json_reader& in, T& out, const value_place& at) {
    const std::string_view raw = in.value();
    if (!parse(raw, out)) in.note(at, expected(), raw);
  }
  static bool parse(std::string_view text, T& out) noexcept { return detail::parse_integer(text, out); }
  static void write(std::string& out, T value) {
    if constexpr (std::signed_integral<T>)
      append_number(out, std::int64_t{value});
    else
      append_number(out, std::uint64_t{value});
  }
  static void schema(std::string& out, schema_set& /*set*/) { detail::integer_schema(out, least(), most()); }
  static std::string expected() { return detail::expected_integer(least(), most()); }

 private:
  // Nobody needs to be told how far 64 bits reach.
  static std::string least() {
    return std::signed_integral<T> && sizeof(T) == 8 ? std::string() : std::to_string(std::numeric_limits<T>::min());
  }
  static std::string most() { return sizeof(T) == 8 ? std::string() : std::to_string(std::numeric_limits<T>::max()); }
};

// NaN and the infinities, which JSON cannot write, become null.
template <> struct value_codec<double> {
  static void read(json_reader& in, double& out, const value_place& at) {
    const std::string_view raw = in.value();
    if (!parse(raw, out)) in.note(at, expected(), raw);
  }
  static bool parse(std::string_view text, double& out) noexcept { return detail::parse_double(text, out); }
  static void write(std::string& out, double value) { detail::append_double(out, value); }
  static void schema(std::string& out, schema_set& /*set*/) { out.append(R"({"type":"number"})"); }
  static std::string expected() { return "a number"; }
};

template <> struct value_codec<std::string> {
  static void read(json_reader& in, std::string& out, const value_place& at) {
    if (in.next() != json_kind::string)
      in.refuse(at, expected());
    else if (!in.string(out))
      in.note(at, "a string without lone surrogates", "\"…\"");
  }
  static bool parse(std::string_view text, std::string& out) {
    out.assign(text);
    return true;
  }
  static void write(std::string& out, std::string_view value) { append_json_string(out, value); }
  static void schema(std::string& out, schema_set& /*set*/) { out.append(R"({"type":"string"})"); }
  static std::string expected() { return "a string"; }
};

// JSON text that passes through as it is: any value, not looked into. What is written must be JSON.
class raw_json {
 public:
  raw_json() : text_("null") {}
  explicit raw_json(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

template <> struct value_codec<raw_json> {
  static void read(json_reader& in, raw_json& out, const value_place& /*at*/) {
    out = raw_json(std::string(in.value()));
  }
  static void write(std::string& out, const raw_json& value) { out.append(value.text()); }
  static void schema(std::string& out, schema_set& /*set*/) { out.append("{}"); }
  static std::string expected() { return "a JSON value"; }
};

// How reading a text went, apart from the faults in its values.
struct [[nodiscard]] json_outcome {
  enum class status_code : std::uint8_t { ok, not_utf8, malformed, too_deep };
  status_code status = status_code::ok;
  std::size_t offset = 0;  // of the fault
};

namespace detail {

json_outcome read_document(std::string_view text, field_errors& errors, void* into,
                           void (*read)(json_reader& in, void* into, const value_place& at), const value_place& at);

}  // namespace detail

// Reads a whole document into `out`. Values that are wrong are noted in `errors`, with places that begin with `root`;
// `out` is to be used only if the outcome is ok and `errors` did not grow.
template <json_value T>
json_outcome read_json(std::string_view text, T& out, field_errors& errors, std::string_view root = "body") {
  return detail::read_document(
      text, errors, &out,
      [](json_reader& in, void* into, const value_place& at) { value_codec<T>::read(in, *static_cast<T*>(into), at); },
      value_place(root));
}

template <json_value T> void append_json(std::string& out, const T& value) {
  value_codec<T>::write(out, value);
}
template <json_value T> std::string to_json(const T& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace lakh::http
