#include <lakh/core/text.hpp>
#include <lakh/http/extract.hpp>
#include <lakh/wire/http_lists.hpp>

namespace lakh::http::detail {

std::optional<std::string_view> plain_value(std::string_view encoded, value_source source, std::string& storage) {
  const bool escaped = source != value_source::header &&
                       encoded.find_first_of(source == value_source::query ? "%+" : "%") != std::string_view::npos;
  if (!escaped) return is_utf8(encoded) ? std::optional(encoded) : std::nullopt;
  if (!decode_value(encoded, source == value_source::query, storage)) return std::nullopt;
  return storage;
}

void note_value(extraction& to, std::string_view place, std::string_view name, std::string expected,
                std::optional<std::string_view> got) {
  to.errors.add(value_place(value_place(place), name).text(), std::move(expected), got ? shortened(*got) : "nothing");
}

bool has_json(const request& in, extraction& to) {
  const auto type = wire::parse_media_type(in.content_type());
  if (type && type->is_json()) return true;
  if (to.refusal) return false;
  to.refusal.emplace(415, in.content_type().empty()
                              ? std::string("the request does not say of which type its content is")
                              : "the content is " + shortened(in.content_type()) + ", where JSON was expected");
  to.refusal->header("Accept", "application/json");  // RFC 9110 §15.5.16
  return false;
}

void note_outcome(const request& in, const json_outcome& outcome, extraction& to) {
  if (outcome.status != json_outcome::status_code::ok && !to.refusal)
    to.refusal.emplace(unreadable_json(in.content(), outcome));
}

}  // namespace lakh::http::detail
