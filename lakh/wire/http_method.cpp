#include <lakh/wire/http_method.hpp>

#include <array>
#include <cstddef>

namespace lakh::wire {
namespace {

constexpr std::array<std::string_view, 10> names = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                                    "CONNECT", "OPTIONS", "TRACE", "PATCH", ""};

}  // namespace

std::string_view name(http_method method) noexcept {
  return names[static_cast<std::size_t>(method)];
}

http_method method_of(std::string_view text) noexcept {
  if (text == "GET") return http_method::get;
  if (text == "POST") return http_method::post;
  for (std::size_t i = 0; i + 1 < names.size(); ++i)
    if (text == names[i]) return static_cast<http_method>(i);
  return http_method::other;
}

bool is_idempotent(http_method method) noexcept {
  switch (method) {
    case http_method::get:
    case http_method::head:
    case http_method::put:
    case http_method::delete_:
    case http_method::options:
    case http_method::trace: return true;
    default: return false;
  }
}

}  // namespace lakh::wire
