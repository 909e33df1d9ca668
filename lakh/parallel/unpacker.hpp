// What a packer (packed.hpp) reads from, and how it is declared. Included by packed.hpp; by itself only by headers that
// name packers without using any.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakh {

class unpacker;
class packed_layout;

// How a T is written and read. Specialise it for types of your own:
//   static constexpr std::size_t least = 1;             // bytes that a T takes at least
//   static void write(std::string& out, const T& value);
//   static T read(unpacker& in);                        // throws input_error, as unpacker's functions do
//   static void layout(packed_layout& out);             // for layout_digest; a change of the format changes it
template <class T> struct packer;

template <class T>
concept packable = requires(std::string& out, const T& value, unpacker& in) {
  packer<T>::write(out, value);
  { packer<T>::read(in) } -> std::same_as<T>;
};

// Takes values out of bytes, one after the other. The bytes outlive it.
class unpacker {
 public:
  explicit unpacker(std::string_view bytes) noexcept : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <class T> T next() {
    static_assert(packable<T>, "describe the struct with BOOST_DESCRIBE_STRUCT, or specialise lakh::packer");
    return packer<T>::read(*this);
  }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  // Throws if something is left.
  void finish() const {
    if (at_ != end_) refuse_rest();
  }

  // For packers.
  std::string_view take(std::size_t bytes) {
    if (bytes > left()) refuse_cut(bytes);
    const std::string_view taken(at_, bytes);
    at_ += bytes;
    return taken;
  }
  // True, and taken, if this is the next byte.
  bool take_if(char byte) noexcept {
    if (at_ == end_ || *at_ != byte) return false;
    ++at_;
    return true;
  }
  std::uint64_t varint() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) < 0x80U) return static_cast<unsigned char>(*at_++);
    return long_varint();
  }
  // A number of elements, each of at least so many bytes (not 0): more than can be there are refused.
  std::size_t count(std::size_t least) {
    const std::uint64_t announced = varint();
    if (announced > left() / least) refuse_cut(announced);
    return static_cast<std::size_t>(announced);
  }
  [[noreturn]] static void refuse(const char* why);
  void enter() {
    if (++depth_ > deepest) refuse("structs more than 200 deep");
  }
  void leave() noexcept { --depth_; }

 private:
  static constexpr int deepest = 200;
  [[noreturn]] void refuse_cut(std::uint64_t wanted) const;
  [[noreturn]] void refuse_rest() const;
  std::uint64_t long_varint();
  const char* at_;
  const char* end_;
  int depth_ = 0;
};

// What a type's packed form looks like, in words.
class packed_layout {
 public:
  template <class T> void add() {
    if constexpr (requires { packer<T>::layout(*this); })
      packer<T>::layout(*this);
    else
      text_ += '?';
  }
  void write(std::string_view word) { text_ += word; }
  // False for a type that stands within itself: it has been described further out.
  bool enter(const void* type) {
    const bool known = std::ranges::find(inside_, type) != inside_.end();
    inside_.push_back(type);
    return !known;
  }
  void leave() noexcept { inside_.pop_back(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
  std::vector<const void*> inside_;
};

}  // namespace lakh
