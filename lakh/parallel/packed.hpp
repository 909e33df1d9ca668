// Values as bytes, for a process on the other side of a socket or in shared memory.
//
//   std::string bytes = lakh::pack(order, 42, names);
//   auto [order, number, names] = lakh::unpack<my_order, int, std::vector<std::string>>(bytes);
//   auto number = lakh::unpack<int>(lakh::pack(42));
//
//   struct my_order { std::string sku; int quantity; };
//   BOOST_DESCRIBE_STRUCT(my_order, (), (sku, quantity))          // boost/describe/class.hpp
//
// Packable are: arithmetic types, enums, std::string, std::optional, variant, pair, tuple, array, monostate, chrono's
// durations and time points, the standard containers, structs described with Boost.Describe (all of their members are
// public), and whatever has a specialisation of lakh::packer.
//
// 1. The bytes carry no types and no version: both ends are the same program, or of the same source. Where that is not
//    certain, as between machines, compare layout_digest<T>() first: it changes with every change of T's layout.
// 2. Numbers are little-endian and of fixed width, lengths are varints (LEB128), values follow each other without gaps.
// 3. Bytes from outside are hostile: what is cut, too long or out of range (a bool of 2, an enumerator that a described
//    enum does not have, a key that stands twice in a map, structs more than 200 deep) is an input_error, and no length
//    is believed: memory grows with the bytes that are there, not with what they announce.
#pragma once

#include <lakh/core/random.hpp>
#include <lakh/parallel/unpacker.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace lakh {

// Equal where bytes packed by the one side mean the same to the other.
template <class... T> std::uint64_t layout_digest() {
  packed_layout layout;
  (layout.add<T>(), ...);
  return mix(0, layout.text());
}

// Appends.
template <class... T> void pack_into(std::string& out, const T&... values) {
  static_assert((packable<T> && ...), "describe the struct with BOOST_DESCRIBE_STRUCT, or specialise lakh::packer");
  (packer<T>::write(out, values), ...);
}
template <class... T> [[nodiscard]] std::string pack(const T&... values) {
  std::string out;
  pack_into(out, values...);
  return out;
}

// All of the bytes. Throws input_error.
template <class T> [[nodiscard]] T unpack(std::string_view bytes) {
  unpacker in(bytes);
  T value = in.next<T>();
  in.finish();
  return value;
}
template <class T, class U, class... More> [[nodiscard]] std::tuple<T, U, More...> unpack(std::string_view bytes) {
  return unpack<std::tuple<T, U, More...>>(bytes);
}

namespace detail {

inline void write_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80U) {
    out += static_cast<char>(value | 0x80U);
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

template <class T>
concept packed_number = std::is_arithmetic_v<T> && !std::same_as<T, bool> && !std::same_as<T, long double> &&
                        std::same_as<T, std::remove_cv_t<T>>;

template <class T> T in_little_endian(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big) {
    auto bytes = std::bit_cast<std::array<char, sizeof(T)>>(value);
    std::ranges::reverse(bytes);
    return std::bit_cast<T>(bytes);
  }
  return value;
}

// Puts a number over the bytes that stand there.
template <packed_number T> void overwrite(std::string& bytes, std::size_t at, T value) noexcept {
  value = in_little_endian(value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

template <class C>
concept packed_container = requires(C& c, const C& fixed, typename C::value_type element) {
  { fixed.size() } -> std::convertible_to<std::size_t>;
  fixed.begin() != fixed.end();
  c.insert(c.end(), std::move(element));
  c.clear();
};

// Of a map, its pair with a key that can be moved.
template <class C> struct element {
  using type = typename C::value_type;
};
template <class C>
  requires requires { typename C::mapped_type; }
struct element<C> {
  using type = std::pair<typename C::key_type, typename C::mapped_type>;
};

// Elements without any spread of bytes between them, that can be copied as one.
template <class C>
concept block_container =
    packed_number<typename C::value_type> && std::endian::native == std::endian::little && requires(C& c) {
      { c.data() } -> std::same_as<typename C::value_type*>;
      c.resize(1);
    };

// What is set aside for elements that are only announced.
inline constexpr std::size_t reserve_at_most = 65536;

template <class T> inline constexpr char type_mark = 0;

template <class T>
concept described_struct = std::is_class_v<T> && !std::is_union_v<T> && boost::describe::has_describe_members<T>::value;
template <class T>
concept described_enum = std::is_enum_v<T> && boost::describe::has_describe_enumerators<T>::value;

// Every number of its underlying type is a value of it: that type is written down, or int by default.
template <class T>
concept any_number_enum = requires { T{std::underlying_type_t<T>{}}; };

template <class T>
using described_members =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;
template <class T>
using hidden_members =
    boost::describe::describe_members<T, boost::describe::mod_private | boost::describe::mod_protected |
                                             boost::describe::mod_inherited>;

template <class T, class Descriptor>
using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*Descriptor::pointer)>;

}  // namespace detail

template <detail::packed_number T> struct packer<T> {
  static constexpr std::size_t least = sizeof(T);
  static void write(std::string& out, T value) {
    value = detail::in_little_endian(value);
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  static T read(unpacker& in) {
    T value;
    std::memcpy(&value, in.take(sizeof value).data(), sizeof value);
    return detail::in_little_endian(value);
  }
  static void layout(packed_layout& out) {
    const char kind = std::is_floating_point_v<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
    out.write({&kind, 1});
    out.write(std::to_string(sizeof(T)));
  }
};

template <> struct packer<bool> {
  static constexpr std::size_t least = 1;
  static void write(std::string& out, bool value) { out += value ? '\1' : '\0'; }
  static bool read(unpacker& in) {
    const char byte = in.take(1).front();
    if (byte != 0 && byte != 1) unpacker::refuse("a bool that is neither 0 nor 1");
    return byte == 1;
  }
  static void layout(packed_layout& out) { out.write("b"); }
};

template <class T>
  requires std::is_enum_v<T>
struct packer<T> {
  using number = std::underlying_type_t<T>;
  static constexpr std::size_t least = sizeof(number);
  static void write(std::string& out, T value) { packer<number>::write(out, static_cast<number>(value)); }
  static T read(unpacker& in) {
    // Any other number would be no value of it at all.
    static_assert(detail::described_enum<T> || detail::any_number_enum<T>,
                  "give the enum an underlying type, or describe it with BOOST_DESCRIBE_ENUM");
    const auto value = packer<number>::read(in);
    if constexpr (detail::described_enum<T>) {
      bool known = false;
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
          [&](auto each) { known = known || static_cast<number>(each.value) == value; });
      if (!known) unpacker::refuse("a number that is no enumerator");
    }
    return static_cast<T>(value);
  }
  static void layout(packed_layout& out) {
    out.write("e");
    packer<number>::layout(out);
    if constexpr (detail::described_enum<T>)
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto each) {
        out.write(" ");
        out.write(each.name);
        out.write(std::to_string(static_cast<number>(each.value)));
      });
  }
};

template <> struct packer<std::string> {
  static constexpr std::size_t least = 1;
  static void write(std::string& out, std::string_view value) {
    detail::write_varint(out, value.size());
    out += value;
  }
  static std::string read(unpacker& in) { return std::string(in.take(in.count(1))); }
  static void layout(packed_layout& out) { out.write("s"); }
};

template <> struct packer<std::monostate> {
  static constexpr std::size_t least = 0;
  static void write(std::string& /*out*/, std::monostate /*nothing*/) {}
  static std::monostate read(unpacker& /*in*/) { return {}; }
  static void layout(packed_layout& out) { out.write("-"); }
};

template <detail::packed_container C> struct packer<C> {
  using element = typename detail::element<C>::type;
  static constexpr std::size_t least = 1;
  static void write(std::string& out, const C& values) {
    detail::write_varint(out, values.size());
    if constexpr (detail::block_container<C>)
      out.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(element));
    else
      for (const auto& value : values)
        packer<std::remove_cvref_t<decltype(static_cast<const typename C::value_type&>(value))>>::write(out, value);
  }
  static C read(unpacker& in) {
    static_assert(packer<element>::least > 0, "elements that take no bytes cannot be counted: pack their number");
    const std::size_t count = in.count(packer<element>::least);
    C values;
    if constexpr (detail::block_container<C>) {
      values.resize(count);
      const std::string_view bytes = in.take(count * sizeof(element));
      if (count != 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    } else {
      if constexpr (requires { values.reserve(count); })
        values.reserve(std::min(count, 1 + detail::reserve_at_most / sizeof(element)));
      for (std::size_t i = 0; i < count; ++i) values.insert(values.end(), in.next<element>());
      if (values.size() != count) unpacker::refuse("a key that stands twice");
    }
    return values;
  }
  static void layout(packed_layout& out) {
    out.write("*");
    out.add<element>();
  }
};

template <class T, std::size_t N> struct packer<std::array<T, N>> {
  static constexpr std::size_t least = N * packer<T>::least;
  static void write(std::string& out, const std::array<T, N>& values) {
    for (const T& value : values) packer<T>::write(out, value);
  }
  static std::array<T, N> read(unpacker& in) {
    return [&]<std::size_t... I>(std::index_sequence<I...> /*all*/) {
      return std::array<T, N>{((void)I, in.next<T>())...};
    }(std::make_index_sequence<N>());
  }
  static void layout(packed_layout& out) {
    out.write("[" + std::to_string(N) + "]");
    out.add<T>();
  }
};

template <class A, class B> struct packer<std::pair<A, B>> {
  using first = std::remove_cv_t<A>;
  static constexpr std::size_t least = packer<first>::least + packer<B>::least;
  static void write(std::string& out, const std::pair<A, B>& value) {
    packer<first>::write(out, value.first);
    packer<B>::write(out, value.second);
  }
  // Braces: from left to right.
  static std::pair<A, B> read(unpacker& in) { return std::pair<A, B>{in.next<first>(), in.next<B>()}; }
  static void layout(packed_layout& out) { packer<std::tuple<first, B>>::layout(out); }
};

template <class... T> struct packer<std::tuple<T...>> {
  static constexpr std::size_t least = (std::size_t{0} + ... + packer<T>::least);
  static void write(std::string& out, const std::tuple<T...>& values) {
    std::apply([&](const T&... each) { (packer<T>::write(out, each), ...); }, values);
  }
  static std::tuple<T...> read([[maybe_unused]] unpacker& in) { return std::tuple<T...>{in.next<T>()...}; }
  static void layout(packed_layout& out) {
    out.write("(");
    (out.add<T>(), ...);
    out.write(")");
  }
};

template <class T> struct packer<std::optional<T>> {
  static constexpr std::size_t least = 1;
  static void write(std::string& out, const std::optional<T>& value) {
    packer<bool>::write(out, value.has_value());
    if (value) packer<T>::write(out, *value);
  }
  static std::optional<T> read(unpacker& in) {
    if (!packer<bool>::read(in)) return std::nullopt;
    return in.next<T>();
  }
  static void layout(packed_layout& out) {
    out.write("o");
    out.add<T>();
  }
};

// A variant without a value (valueless_by_exception) is refused where it is read.
template <class... T> struct packer<std::variant<T...>> {
  static constexpr std::size_t least = 1;
  static void write(std::string& out, const std::variant<T...>& value) {
    static_assert(sizeof...(T) < 255);
    out += static_cast<char>(value.index());
    if (!value.valueless_by_exception())
      std::visit([&]<class V>(const V& held) { packer<V>::write(out, held); }, value);
  }
  static std::variant<T...> read(unpacker& in) {
    return read_one<0>(in, static_cast<unsigned char>(in.take(1).front()));
  }
  static void layout(packed_layout& out) {
    out.write("<");
    (out.add<T>(), ...);
    out.write(">");
  }

 private:
  template <std::size_t I> static std::variant<T...> read_one(unpacker& in, std::size_t index) {
    if constexpr (I == sizeof...(T)) {
      unpacker::refuse("an alternative that the variant does not have");
    } else {
      if (index != I) return read_one<I + 1>(in, index);
      return std::variant<T...>(std::in_place_index<I>, in.next<std::variant_alternative_t<I, std::variant<T...>>>());
    }
  }
};

template <class Rep, class Period> struct packer<std::chrono::duration<Rep, Period>> {
  using type = std::chrono::duration<Rep, Period>;
  static constexpr std::size_t least = sizeof(Rep);
  static void write(std::string& out, type value) { packer<Rep>::write(out, value.count()); }
  static type read(unpacker& in) { return type(packer<Rep>::read(in)); }
  static void layout(packed_layout& out) {
    packer<Rep>::layout(out);
    out.write("*" + std::to_string(Period::num) + "/" + std::to_string(Period::den));
  }
};

// Of a steady clock it means something on the same machine only.
template <class Clock, class Duration> struct packer<std::chrono::time_point<Clock, Duration>> {
  using type = std::chrono::time_point<Clock, Duration>;
  static constexpr std::size_t least = packer<Duration>::least;
  static void write(std::string& out, type value) { packer<Duration>::write(out, value.time_since_epoch()); }
  static type read(unpacker& in) { return type(packer<Duration>::read(in)); }
  static void layout(packed_layout& out) {
    out.write("@");
    packer<Duration>::layout(out);
  }
};

template <detail::described_struct T>
  requires(!detail::packed_container<T>)
struct packer<T> {
  static constexpr std::size_t least = []<template <class...> class List, class... D>(List<D...>*) {
    return (std::size_t{0} + ... + packer<detail::member_type<T, D>>::least);
  }(static_cast<detail::described_members<T>*>(nullptr));
  static void write(std::string& out, const T& value) {
    static_assert(boost::mp11::mp_empty<detail::hidden_members<T>>::value,
                  "members that are not public would be lost: specialise lakh::packer");
    boost::mp11::mp_for_each<detail::described_members<T>>(
        [&](auto member) { packer<detail::member_type<T, decltype(member)>>::write(out, value.*member.pointer); });
  }
  static T read(unpacker& in) {
    T value{};
    in.enter();
    boost::mp11::mp_for_each<detail::described_members<T>>(
        [&](auto member) { value.*member.pointer = in.next<detail::member_type<T, decltype(member)>>(); });
    in.leave();
    return value;
  }
  static void layout(packed_layout& out) {
    out.write("{");
    if (out.enter(&detail::type_mark<T>))
      boost::mp11::mp_for_each<detail::described_members<T>>([&](auto member) {
        out.write(member.name);
        out.write(":");
        out.add<detail::member_type<T, decltype(member)>>();
        out.write(",");
      });
    out.leave();
    out.write("}");
  }
};

}  // namespace lakh
