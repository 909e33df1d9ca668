// Which route a request is for. Patterns are made of segments: text, {name} for any one segment, and at the end
// {name...} for all that is left, "/" included.
//
// 1. Text goes before {name}, and {name} before {name...}, segment by segment from the left; a choice that leads
//    nowhere is taken back.
// 2. A {name} matches a segment that is not empty; a {name...} also matches nothing.
// 3. Segments are told apart before escapes are resolved: "%2F" never divides. Text in patterns is plain, and matches
//    any way to encode it.
// 4. Paths are not normalised: "/orders/" is not "/orders", and ".." is a segment like others.
#pragma once

#include <lakh/http/request.hpp>
#include <lakh/wire/http_method.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lakh::http {

class router {
 public:
  using captures = std::array<std::string_view, request::most_captures>;

  router();
  router(router&&) noexcept;
  router& operator=(router&&) noexcept;
  ~router();

  // `to` is what a match gives back. Throws input_error for a pattern that is malformed, and for one that matches the
  // same paths as an earlier one with the same method.
  void add(wire::http_method method, std::string_view pattern, std::size_t to);

  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::size_t methods = static_cast<std::size_t>(wire::http_method::other);

  // The routes at one place, by method.
  struct place {
    std::array<std::size_t, methods> to;
    // "GET, HEAD, POST, OPTIONS"
    std::string allow;
    place() { to.fill(none); }
    [[nodiscard]] std::size_t at(wire::http_method method) const noexcept {
      return method == wire::http_method::other ? none : to[static_cast<std::size_t>(method)];
    }
  };

  // The place that `path`, still encoded, leads to, and what its {name}s stand for, in the pattern's order; null if
  // there is none. A place that has no route for `method` (HEAD may use that of GET) is given only if no other matches.
  [[nodiscard]] const place* find(wire::http_method method, std::string_view path, captures& out) const noexcept;

  // The names in a pattern, in order. Throws input_error if it is malformed.
  static std::vector<std::string> names_of(std::string_view pattern);

 private:
  struct node;
  struct search;
  std::unique_ptr<node> root_;
};

}  // namespace lakh::http
