// The arguments of handlers: what each takes out of the request, checked and converted.
//
//   http::path<"id", std::int64_t> id                       /orders/{id}
//   http::query<"limit", int, 50> limit                     ?limit=20; 50 if it is not given
//   http::query<"after", std::optional<std::string>> after  may be missing
//   http::header<"Idempotency-Key"> key                     a std::string unless said otherwise
//   http::body<new_order> order                             JSON
//   http::raw_body bytes                                    whatever it is
//   http::request& request                                  all of it
//
// What a client got wrong in any of them is answered together, with 422 and the places; a body that is no JSON with
// 400, one of another type with 415. Texts must be UTF-8.
#pragma once

#include <lakh/http/described.hpp>
#include <lakh/http/name_literal.hpp>
#include <lakh/http/openapi.hpp>
#include <lakh/http/problem.hpp>
#include <lakh/http/request.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lakh::http {

// A value from the request, which it stands for.
template <class T> class extracted {
 public:
  using value_type = T;
  extracted() = default;
  explicit extracted(T value) : value_(std::move(value)) {}

  [[nodiscard]] const T& value() const& noexcept { return value_; }
  [[nodiscard]] T&& value() && noexcept { return std::move(value_); }
  operator const T&() const noexcept { return value_; }  // NOLINT(google-explicit-constructor): stands for its value
  const T& operator*() const noexcept { return value_; }
  T& operator*() noexcept { return value_; }
  const T* operator->() const noexcept { return &value_; }
  T* operator->() noexcept { return &value_; }

 private:
  T value_{};
};

template <name_literal Name, text_value T = std::string> class path : public extracted<T> {
 public:
  using extracted<T>::extracted;
};

// Of a name that is given more than once, the first counts.
template <name_literal Name, text_value T = std::string, auto... Default> class query : public extracted<T> {
  static_assert(sizeof...(Default) <= 1, "one default at most");

 public:
  using extracted<T>::extracted;
};

template <name_literal Name, text_value T = std::string> class header : public extracted<T> {
 public:
  using extracted<T>::extracted;
};

template <json_value T> class body : public extracted<T> {
 public:
  using extracted<T>::extracted;
};

// The content as it came, of any type. Valid until the handler has ended.
class raw_body : public extracted<std::string_view> {
 public:
  using extracted::extracted;
};

// What is wrong with a request, as its arguments find it.
struct extraction {
  field_errors errors;
  std::optional<problem> refusal;  // goes before the errors
};

// extract() fills `out` or notes why it cannot; describe() adds to the document. takes_body: the content must be there.
template <class Argument> struct extractor;

namespace detail {

void note_value(extraction& to, std::string_view place, std::string_view name, std::string expected,
                std::optional<std::string_view> got);
// False, and a refusal, if the content is not of a JSON type.
bool has_json(const request& in, extraction& to);
void note_outcome(const request& in, const json_outcome& outcome, extraction& to);

enum class value_source : std::uint8_t { path, query, header };
constexpr std::string_view name_of(value_source source) {
  return source == value_source::path ? "path" : source == value_source::query ? "query" : "header";
}

// The value with the escapes of its source resolved, in `storage` if there were any; nothing if they are broken, or not
// UTF-8.
std::optional<std::string_view> plain_value(std::string_view encoded, value_source source, std::string& storage);

template <class T>
void extract_text(value_source source, std::string_view name, std::optional<std::string_view> written, T& out,
                  extraction& to) {
  if (!written) {
    if constexpr (!is_optional<T>) note_value(to, name_of(source), name, value_codec<T>::expected(), std::nullopt);
    return;
  }
  std::string storage;
  const std::optional<std::string_view> plain = plain_value(*written, source, storage);
  if (!plain || !value_codec<T>::parse(*plain, out))
    note_value(to, name_of(source), name, plain ? value_codec<T>::expected() : "UTF-8 with whole escapes", written);
}

}  // namespace detail

template <name_literal Name, class T> struct extractor<path<Name, T>> {
  static constexpr bool takes_body = false;
  static void extract(const request& in, path<Name, T>& out, extraction& to) {
    detail::extract_text(detail::value_source::path, Name.view(), in.path_value(Name.view()), *out, to);
  }
  static void describe(operation& o) {
    o.parameters.push_back({"path", std::string(Name.view()), &value_codec<T>::schema, {}, true});
  }
};

template <name_literal Name, class T, auto... Default> struct extractor<query<Name, T, Default...>> {
  static constexpr bool takes_body = false;
  static void extract(const request& in, query<Name, T, Default...>& out, extraction& to) {
    const std::optional<std::string_view> written = in.query_value(Name.view());
    if constexpr (sizeof...(Default) == 1)
      if (!written) {
        *out = default_value();
        return;
      }
    detail::extract_text(detail::value_source::query, Name.view(), written, *out, to);
  }
  static void describe(operation& o) {
    operation::parameter p{"query", std::string(Name.view()), &value_codec<T>::schema, {}, true};
    p.required = sizeof...(Default) == 0 && !detail::is_optional<T>;
    if constexpr (sizeof...(Default) == 1) p.default_json = to_json(default_value());
    o.parameters.push_back(std::move(p));
  }

 private:
  static T default_value()
    requires(sizeof...(Default) == 1)
  {
    if constexpr (requires { (Default.view(), ...); })
      return T(std::string((Default.view(), ...)));
    else
      return T((Default, ...));
  }
};

template <name_literal Name, class T> struct extractor<header<Name, T>> {
  static constexpr bool takes_body = false;
  static void extract(const request& in, header<Name, T>& out, extraction& to) {
    detail::extract_text(detail::value_source::header, Name.view(), in.header(Name.view()), *out, to);
  }
  static void describe(operation& o) {
    o.parameters.push_back({"header", std::string(Name.view()), &value_codec<T>::schema, {}, !detail::is_optional<T>});
  }
};

template <class T> struct extractor<body<T>> {
  static constexpr bool takes_body = true;
  static void extract(const request& in, body<T>& out, extraction& to) {
    if (detail::has_json(in, to)) detail::note_outcome(in, read_json(in.content(), *out, to.errors), to);
  }
  static void describe(operation& o) {
    o.body_media_type = "application/json";
    o.body_schema = &value_codec<T>::schema;
  }
};

template <> struct extractor<raw_body> {
  static constexpr bool takes_body = true;
  static void extract(const request& in, raw_body& out, extraction& /*to*/) { *out = in.content(); }
  static void describe(operation& o) { o.body_media_type = "*/*"; }
};

}  // namespace lakh::http
