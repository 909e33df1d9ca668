// Types that carry their own bounds: a value that came through an app is within them, and the OpenAPI document says so.
//
//   struct new_order {
//     lakh::http::text<1, 200> customer;
//     lakh::http::list<order_line, 1, 100> lines;
//   };
//
// Each converts to what it holds. Made from a value of the program's own, one that is out of bounds throws input_error.
// A default-made one holds an empty text, an empty list or the lower bound, which need not be within: it is there to be
// read into.
#pragma once

#include <lakh/core/error.hpp>
#include <lakh/http/described.hpp>

#include <concepts>
#include <initializer_list>

namespace lakh::http {

namespace detail {

// Characters are code points, as JSON Schema counts them.
bool has_length(std::string_view text, std::size_t least, std::size_t most) noexcept;
std::string expected_length(std::string_view what, std::string_view unit, std::size_t least, std::size_t most);
void length_schema(std::string& out, std::size_t least, std::size_t most);
[[noreturn]] void throw_out_of_bounds(const std::string& expected, const std::string& got);

}  // namespace detail

// A string of Min to Max characters.
template <std::size_t Min, std::size_t Max> class text {
  static_assert(Min <= Max);

 public:
  text() = default;
  text(std::string value) : value_(std::move(value)) {  // NOLINT(google-explicit-constructor): stands for its value
    if (!within(value_)) detail::throw_out_of_bounds(value_codec<text>::expected(), shortened(value_));
  }
  text(std::string_view value) : text(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  text(const char* value) : text(std::string(value)) {}       // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& value() const noexcept { return value_; }
  operator const std::string&() const noexcept { return value_; }  // NOLINT(google-explicit-constructor)
  operator std::string_view() const noexcept { return value_; }    // NOLINT(google-explicit-constructor)
  const std::string& operator*() const noexcept { return value_; }
  const std::string* operator->() const noexcept { return &value_; }
  friend bool operator==(const text& a, const text& b) noexcept { return a.value_ == b.value_; }
  friend bool operator==(const text& a, std::string_view b) noexcept { return a.value_ == b; }

  static bool within(std::string_view value) noexcept { return detail::has_length(value, Min, Max); }

 private:
  friend struct value_codec<text>;
  std::string value_;
};

// An integer from Min to Max.
template <detail::integer T, T Min, T Max> class ranged {
  static_assert(Min <= Max);

 public:
  constexpr ranged() = default;
  constexpr ranged(T value) : value_(value) {  // NOLINT(google-explicit-constructor): stands for its value
    if (!within(value)) detail::throw_out_of_bounds(value_codec<ranged>::expected(), std::to_string(value));
  }
  [[nodiscard]] constexpr T value() const noexcept { return value_; }
  constexpr operator T() const noexcept { return value_; }  // NOLINT(google-explicit-constructor)
  constexpr T operator*() const noexcept { return value_; }

  static constexpr bool within(T value) noexcept { return Min <= value && value <= Max; }

 private:
  T value_ = Min;
};

// An array of Min to Max elements.
template <class T, std::size_t Min, std::size_t Max> class list {
  static_assert(Min <= Max);

 public:
  using value_type = T;

  list() = default;
  list(std::vector<T> values) : values_(std::move(values)) {  // NOLINT(google-explicit-constructor)
    if (values_.size() < Min || values_.size() > Max)
      detail::throw_out_of_bounds(value_codec<list>::expected(), std::to_string(values_.size()));
  }
  list(std::initializer_list<T> values) : list(std::vector<T>(values)) {}

  [[nodiscard]] const std::vector<T>& values() const noexcept { return values_; }
  operator const std::vector<T>&() const noexcept { return values_; }  // NOLINT(google-explicit-constructor)
  [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
  [[nodiscard]] auto end() const noexcept { return values_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] const T& operator[](std::size_t i) const noexcept { return values_[i]; }

 private:
  friend struct value_codec<list>;
  std::vector<T> values_;
};

template <std::size_t Min, std::size_t Max> struct value_codec<text<Min, Max>> {
  static void read(json_reader& in, text<Min, Max>& out, const value_place& at) {
    if (in.next() != json_kind::string) {
      in.refuse(at, expected());
    } else if (!in.string(out.value_) || !text<Min, Max>::within(out.value_)) {
      std::string got;
      append_json_string(got, shortened(out.value_));
      in.note(at, expected(), got);
    }
  }
  static bool parse(std::string_view text, http::text<Min, Max>& out) {
    out.value_.assign(text);
    return http::text<Min, Max>::within(text);
  }
  static void write(std::string& out, const text<Min, Max>& value) { append_json_string(out, value.value()); }
  static void schema(std::string& out, schema_set& /*set*/) { detail::length_schema(out, Min, Max); }
  static std::string expected() { return detail::expected_length("a string", "character", Min, Max); }
};

template <detail::integer T, T Min, T Max> struct value_codec<ranged<T, Min, Max>> {
  static void read(json_reader& in, ranged<T, Min, Max>& out, const value_place& at) {
    const std::string_view raw = in.value();
    if (!parse(raw, out)) in.note(at, expected(), raw);
  }
  static bool parse(std::string_view text, ranged<T, Min, Max>& out) {
    T value{};
    if (!detail::parse_integer(text, value) || !ranged<T, Min, Max>::within(value)) return false;
    out = value;
    return true;
  }
  static void write(std::string& out, ranged<T, Min, Max> value) { append_json(out, value.value()); }
  static void schema(std::string& out, schema_set& /*set*/) {
    detail::integer_schema(out, std::to_string(Min), std::to_string(Max));
  }
  static std::string expected() { return detail::expected_integer(std::to_string(Min), std::to_string(Max)); }
};

template <class T, std::size_t Min, std::size_t Max> struct value_codec<list<T, Min, Max>> {
  static void read(json_reader& in, list<T, Min, Max>& out, const value_place& at) {
    if (!detail::read_elements(in, out.values_, Max, at))
      in.refuse(at, expected());
    else if (out.size() < Min || out.size() > Max)
      in.note(at, expected(), out.size() > Max ? "more" : std::to_string(out.size()));
  }
  static void write(std::string& out, const list<T, Min, Max>& values) { detail::write_elements(out, values); }
  static void schema(std::string& out, schema_set& set) {
    value_codec<std::vector<T>>::schema(out, set);
    out.back() = ',';
    out.append(R"("minItems":)");
    append_number(out, std::uint64_t{Min});
    out.append(R"(,"maxItems":)");
    append_number(out, std::uint64_t{Max});
    out += '}';
  }
  static std::string expected() { return "an array of " + detail::expected_length("", "item", Min, Max); }
};

}  // namespace lakh::http
