// Structs and enums described with Boost.Describe as JSON values, and optionals and vectors of values.
//
//   struct order_line { std::string sku; lakh::http::ranged<int, 1, 999> quantity; };
//   BOOST_DESCRIBE_STRUCT(order_line, (), (sku, quantity))
//
//   enum class state { open, paid };
//   BOOST_DESCRIBE_ENUM(state, open, paid)
//
// A struct is an object of its public members, those of its described bases included. Every member must be given,
// unless it is a std::optional: that may be left out or null, and is left out of what is written when it is empty.
// Fields that the struct does not have are refused, unless allows_unknown_fields<T> says otherwise.
// An enum is a string, the name of the enumerator.
#pragma once

#include <lakh/http/value.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <array>
#include <optional>
#include <type_traits>
#include <vector>

namespace lakh::http {

// template <> inline constexpr bool lakh::http::allows_unknown_fields<my_type> = true;
template <class T> inline constexpr bool allows_unknown_fields = false;

template <class T>
concept described_struct = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

template <class T> struct value_codec<std::optional<T>> {
  static void read(json_reader& in, std::optional<T>& out, const value_place& at) {
    if (in.next() == json_kind::null) {
      out.reset();
      in.value();
    } else {
      value_codec<T>::read(in, out.emplace(), at);
    }
  }
  static bool parse(std::string_view text, std::optional<T>& out)
    requires text_value<T>
  {
    return value_codec<T>::parse(text, out.emplace());
  }
  static void write(std::string& out, const std::optional<T>& value) {
    if (value)
      value_codec<T>::write(out, *value);
    else
      out.append("null");
  }
  static void schema(std::string& out, schema_set& set) { value_codec<T>::schema(out, set); }
  static std::string expected() { return value_codec<T>::expected(); }
};

namespace detail {

template <class T> inline constexpr bool is_optional = false;
template <class T> inline constexpr bool is_optional<std::optional<T>> = true;

// Reads the elements of an array, at most `most`; false if it is no array.
template <class T> bool read_elements(json_reader& in, std::vector<T>& out, std::size_t most, const value_place& at) {
  if (in.next() != json_kind::array) return false;
  struct context {
    std::vector<T>& out;
    std::size_t most;
    const value_place& at;
  } c{out, most, at};
  out.clear();
  in.array(&c, [](void* opaque, json_reader& elements, std::size_t index) {
    auto& to = *static_cast<context*>(opaque);
    if (index >= to.most) {
      elements.value();
      to.most = 0;  // what is over is stepped over, and counted by the caller
      return;
    }
    T element{};
    value_codec<T>::read(elements, element, value_place(to.at, index));
    to.out.push_back(std::move(element));
  });
  if (c.most < most) out.resize(out.size() + 1);  // one too many is enough to tell
  return true;
}

template <class T> void write_elements(std::string& out, const T& values) {
  out += '[';
  bool first = true;
  for (const auto& value : values) {
    if (!first) out += ',';
    first = false;
    append_json(out, value);
  }
  out += ']';
}

}  // namespace detail

template <class T> struct value_codec<std::vector<T>> {
  static void read(json_reader& in, std::vector<T>& out, const value_place& at) {
    if (!detail::read_elements(in, out, std::numeric_limits<std::size_t>::max(), at)) in.refuse(at, expected());
  }
  static void write(std::string& out, const std::vector<T>& values) { detail::write_elements(out, values); }
  static void schema(std::string& out, schema_set& set) {
    out.append(R"({"type":"array","items":)");
    value_codec<T>::schema(out, set);
    out += '}';
  }
  static std::string expected() { return "an array"; }
};

namespace detail {

// "name": with its quotation marks and colon, and the comma before it: one copy per member when writing.
template <class Descriptor> struct member_key {
  static constexpr std::size_t size = std::char_traits<char>::length(Descriptor::name);
  static constexpr std::array<char, size + 4> text = [] {
    std::array<char, size + 4> out{};
    out[0] = ',';
    out[1] = '"';
    for (std::size_t i = 0; i < size; ++i) out[i + 2] = Descriptor::name[i];
    out[size + 2] = '"';
    out[size + 3] = ':';
    return out;
  }();
};

template <class T, class Descriptor>
using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*Descriptor::pointer)>;

template <class T, class Descriptor> void read_member(json_reader& in, void* object, const value_place& at) {
  value_codec<member_type<T, Descriptor>>::read(in, static_cast<T*>(object)->*Descriptor::pointer, at);
}

template <class T, class Descriptor> void write_member(std::string& out, const T& value) {
  const auto& member = value.*Descriptor::pointer;
  if constexpr (is_optional<member_type<T, Descriptor>>)
    if (!member) return;
  out.append(member_key<Descriptor>::text.data(), member_key<Descriptor>::text.size());
  append_json(out, member);
}

template <class T, class Descriptor> void member_schema(std::string& out, std::string& required, schema_set& set) {
  out.append(member_key<Descriptor>::text.data() + (out.back() == '{' ? 1 : 0),
             member_key<Descriptor>::text.size() - (out.back() == '{' ? 1 : 0));
  value_codec<member_type<T, Descriptor>>::schema(out, set);
  if constexpr (!is_optional<member_type<T, Descriptor>>) {
    if (!required.empty()) required += ',';
    append_json_string(required, Descriptor::name);
  }
}

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, class List> struct struct_members;
template <class T, template <class...> class List, class... Descriptors>
struct struct_members<T, List<Descriptors...>> {
  static constexpr std::array<member_reader, sizeof...(Descriptors)> readers{
      member_reader{Descriptors::name, &read_member<T, Descriptors>,
                    &value_codec<member_type<T, Descriptors>>::expected, !is_optional<member_type<T, Descriptors>>}...};
  static void write(std::string& out, const T& value) {
    const std::size_t begin = out.size();
    (write_member<T, Descriptors>(out, value), ...);
    if (out.size() == begin)
      out += '{';
    else
      out[begin] = '{';  // in place of the first comma
    out += '}';
  }
  static void schema(std::string& out, schema_set& set) {
    std::string required;
    out.append(R"({"type":"object","properties":{)");
    (member_schema<T, Descriptors>(out, required, set), ...);
    out += '}';
    if (!required.empty()) out.append(R"(,"required":[)").append(required).append("]");
    if (!allows_unknown_fields<T>) out.append(R"(,"additionalProperties":false)");
    out += '}';
  }
};

template <class E, class List> struct enum_names;
template <class E, template <class...> class List, class... Descriptors> struct enum_names<E, List<Descriptors...>> {
  static constexpr std::array<std::string_view, sizeof...(Descriptors)> names{Descriptors::name...};
  static constexpr std::array<E, sizeof...(Descriptors)> values{Descriptors::value...};
};
template <class E> using names_of = enum_names<E, boost::describe::describe_enumerators<E>>;

std::string expected_name(std::span<const std::string_view> names);
void names_schema(std::string& out, std::span<const std::string_view> names);

}  // namespace detail

template <described_struct T> struct value_codec<T> {
  static void read(json_reader& in, T& out, const value_place& at) {
    if (in.next() != json_kind::object)
      in.refuse(at, expected());
    else
      in.object(&out, detail::struct_members<T, detail::members_of<T>>::readers, allows_unknown_fields<T>, at);
  }
  static void write(std::string& out, const T& value) {
    detail::struct_members<T, detail::members_of<T>>::write(out, value);
  }
  static void schema(std::string& out, schema_set& set) {
    set.refer(out, &detail::type_key<T>, detail::cpp_name<T>(), schema_name<T>,
              &detail::struct_members<T, detail::members_of<T>>::schema);
  }
  static std::string expected() { return "an object"; }
};

template <described_enum E> struct value_codec<E> {
  static void read(json_reader& in, E& out, const value_place& at) {
    const std::string_view raw = in.value();
    const bool quoted = raw.size() >= 2 && raw.front() == '"';
    if (!quoted || !parse(raw.substr(1, raw.size() - 2), out)) in.note(at, expected(), raw);
  }
  static bool parse(std::string_view text, E& out) noexcept {
    for (std::size_t i = 0; i < names::names.size(); ++i) {
      if (names::names[i] != text) continue;
      out = names::values[i];
      return true;
    }
    return false;
  }
  // A value that has no name is written as null.
  static void write(std::string& out, E value) {
    for (std::size_t i = 0; i < names::values.size(); ++i)
      if (names::values[i] == value) return append_json_string(out, names::names[i]);
    out.append("null");
  }
  static void schema(std::string& out, schema_set& /*set*/) { detail::names_schema(out, names::names); }
  static std::string expected() { return detail::expected_name(names::names); }

 private:
  using names = detail::names_of<E>;
};

}  // namespace lakh::http
