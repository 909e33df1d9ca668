// Rendering. A value that needs no change is appended straight from where it lies; any other is first appended raw,
// then changed at the tail of `out`, so that `out` is the only buffer.
#include <lakh/core/json_text.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/generators.hpp>
#include <lakh/load/template.hpp>
#include <lakh/load/template_direct.hpp>
#include <lakh/load/template_program.hpp>

#include <algorithm>

namespace lakh::load {

std::string_view name(render_status status) noexcept {
  switch (status) {
    case render_status::ok: return "ok";
    case render_status::control_character: return "control_character";
    case render_status::not_a_number: return "not_a_number";
    case render_status::not_json: return "not_json";
    case render_status::nothing_kept: return "nothing_kept";
    case render_status::bad_encoding: return "bad_encoding";
  }
  return "ok";
}

namespace {

using detail::template_part;
using detail::template_program;

// Replaces the tail of `out` by what `append` makes of it.
template <typename Append> auto change_tail(std::string& out, std::size_t begin, Append&& append) {
  const std::size_t size = out.size() - begin;
  out.reserve(out.size() + 6 * size + 2);
  const auto result = append(std::string_view(out).substr(begin, size));
  out.erase(begin, size);
  return result;
}

render_status escape_tail(std::string& out, std::size_t begin, escaping how) {
  if (how == escaping::none) return render_status::ok;
  const std::string_view tail = std::string_view(out).substr(begin);
  if (how == escaping::json_inside && find_json_special(tail, 0) == tail.size()) return render_status::ok;
  return change_tail(out, begin, [&](std::string_view value) { return detail::append_escaped(out, value, how); });
}

render_status filter_tail(std::string& out, std::size_t begin, const part_filter& filter) {
  const auto done = [](auto&&...) { return render_status::ok; };
  switch (filter.kind) {
    case filter_kind::upper:
      for (std::size_t i = begin; i < out.size(); ++i)
        if (out[i] >= 'a' && out[i] <= 'z') out[i] = static_cast<char>(out[i] - 'a' + 'A');
      return render_status::ok;
    case filter_kind::lower:
      for (std::size_t i = begin; i < out.size(); ++i)
        if (out[i] >= 'A' && out[i] <= 'Z') out[i] = static_cast<char>(out[i] - 'A' + 'a');
      return render_status::ok;
    case filter_kind::trim: {
      constexpr std::string_view blank = " \t\r\n";
      const std::size_t last = out.find_last_not_of(blank);
      out.resize(last == std::string::npos || last < begin ? begin : last + 1);
      const std::size_t first = std::min(out.find_first_not_of(blank, begin), out.size());
      out.erase(begin, first - begin);
      return render_status::ok;
    }
    case filter_kind::url: return escape_tail(out, begin, escaping::percent);
    case filter_kind::path:
      return change_tail(out, begin, [&](std::string_view v) { return append_percent_encoded(out, v, "/"), done(); });
    case filter_kind::json_string: return escape_tail(out, begin, escaping::json_string);
    case filter_kind::number:
      return is_json_number(std::string_view(out).substr(begin)) ? render_status::ok : render_status::not_a_number;
    case filter_kind::raw:
      return check_json(std::string_view(out).substr(begin)) == json_status::ok ? render_status::ok
                                                                                : render_status::not_json;
    case filter_kind::pad: {
      std::size_t characters = 0;
      for (std::size_t i = begin; i < out.size(); ++i)
        characters += (static_cast<unsigned char>(out[i]) & 0xc0) != 0x80 ? 1 : 0;
      if (characters < filter.width) out.insert(begin, filter.width - characters, filter.fill);
      return render_status::ok;
    }
    case filter_kind::base64:
      return change_tail(out, begin, [&](std::string_view v) { return append_base64(out, v), done(); });
  }
  return render_status::ok;
}

constexpr std::int64_t day_seconds = 86'400;

void append_made(const template_program& program, const template_part& part, const render_input& input,
                 std::string& out) {
  random_sequence random(mix(input.random, part.ordinal));
  const auto length = [&] { return static_cast<std::size_t>(random.between(part.low, part.high)); };
  const std::int64_t start = input.start.time_since_epoch().count();
  switch (part.source) {
    case part_source::item: append_number(out, input.item); break;
    case part_source::uuid: append_uuid(out, random); break;
    case part_source::integer: append_number(out, random.between(part.low, part.high)); break;
    case part_source::decimal: append_decimal(out, random, part.low, part.high, part.count); break;
    case part_source::chance: out += random.unit() < part.chance ? "true" : "false"; break;
    case part_source::pick: {
      const auto [offset, size] = program.options[part.index + random.below(part.count)];
      out.append(program.pool, offset, size);
      break;
    }
    case part_source::hex: append_hex_digits(out, random, length()); break;
    case part_source::letters: append_letters(out, random, length()); break;
    case part_source::digits: append_digits(out, random, length()); break;
    case part_source::word:
    case part_source::words: append_words(out, random, length()); break;
    case part_source::sentence: append_sentence(out, random); break;
    case part_source::name: append_name(out, random); break;
    case part_source::start_date: append_date(out, start / day_seconds - (start % day_seconds < 0 ? 1 : 0)); break;
    case part_source::start_time: append_time(out, start); break;
    case part_source::start_datetime: append_datetime(out, start); break;
    case part_source::start_timestamp: append_number(out, start); break;
    case part_source::random_date: append_date(out, random.between(part.low, part.high)); break;
    case part_source::random_datetime: append_datetime(out, random.between(part.low, part.high)); break;
    case part_source::literal:
    case part_source::text:
    case part_source::run:
    case part_source::cell:
    case part_source::kept:
    case part_source::value: break;
  }
}

render_status render_part(const template_program& program, const template_part& part, const render_input& input,
                          std::string& out) {
  const std::size_t begin = out.size();
  std::string_view view;
  switch (part.source) {
    case part_source::literal: out.append(program.text(part)); return render_status::ok;
    case part_source::text: view = program.text(part); break;
    case part_source::run: view = input.run; break;
    case part_source::cell: view = input.cells[part.index]; break;
    case part_source::kept:
      view = part.index < input.kept.size() ? input.kept[part.index] : std::string_view();
      if (view.data() == nullptr) return render_status::nothing_kept;
      if (part.check_utf8 && !is_utf8(view)) return render_status::bad_encoding;
      break;
    case part_source::value: {
      const auto inner = detail::render_program(*program.programs[part.index], input, out);
      if (!inner) return inner.status;
      break;
    }
    default: append_made(program, part, input, out);
  }
  const bool in_place = view.data() != nullptr;
  if (in_place && part.filters == 0) return detail::append_escaped(out, view, part.how);
  if (in_place) out.append(view);
  for (std::uint32_t i = 0; i < part.filters; ++i)
    if (const auto status = filter_tail(out, begin, program.filters[part.first_filter + i]);
        status != render_status::ok)
      return status;
  return escape_tail(out, begin, part.how);
}

}  // namespace

bool detail::has_control(std::string_view text, bool tab_is_fine) noexcept {
  return std::ranges::any_of(text, [&](char ch) {
    const auto c = static_cast<unsigned char>(ch);
    return c < 0x20 ? !(tab_is_fine && c == '\t') : c == 0x7f;
  });
}

render_status detail::append_escaped(std::string& out, std::string_view value, escaping how) {
  switch (how) {
    case escaping::none: out.append(value); break;
    case escaping::json_inside: append_json_escaped(out, value); break;
    case escaping::json_string: append_json_string(out, value); break;
    case escaping::percent: append_percent_encoded(out, value); break;
    case escaping::form: append_form_encoded(out, value); break;
    case escaping::header:
      if (has_control(value, true)) return render_status::control_character;
      out.append(value);
      break;
    case escaping::url_start:
      if (has_control(value, false) || value.find(' ') != std::string_view::npos)
        return render_status::control_character;
      append_percent_encoded(out, value, ":/?#[]@!$&'()*+,;=%");
      break;
  }
  return render_status::ok;
}

render_result detail::render_program(const template_program& program, const render_input& input, std::string& out) {
  for (const template_run& run : program.runs) {
    std::uint32_t number = run.begin;
    if (run.direct) {
      if (const auto status = render_direct(program, run, input, out, number); status != render_status::ok)
        return {status, number};
      continue;
    }
    for (; number < run.end; ++number)
      if (const auto status = render_part(program, program.parts[number], input, out); status != render_status::ok)
        return {status, number};
  }
  return {};
}

render_result text_template::render(const render_input& input, std::string& out) const {
  const std::size_t before = out.size();
  const auto result = detail::render_program(*program_, input, out);
  if (!result) out.resize(before);
  return result;
}

std::string text_template::explain(const render_result& result) const {
  std::string what = "the template";
  if (const auto found = program_->expressions.find(result.part); found != program_->expressions.end())
    what = found->second;
  switch (result.status) {
    case render_status::ok: return what + " is fine";
    case render_status::control_character: return what + " has a line break or another control character in it";
    case render_status::not_a_number: return what + " is not a number";
    case render_status::not_json: return what + " is not JSON";
    case render_status::nothing_kept: return what + " was not kept: the answer did not have it";
    case render_status::bad_encoding: return what + " is not UTF-8";
  }
  return what;
}

text_template::text_template() : program_(std::make_shared<const template_program>()) {}
text_template::text_template(std::shared_ptr<const template_program> program) noexcept : program_(std::move(program)) {}

value_type text_template::type() const noexcept {
  return program_->type;
}
bool text_template::same_for_every_item() const noexcept {
  return !program_->of_item && !program_->of_kept;
}
bool text_template::constant() const noexcept {
  return same_for_every_item() && !program_->of_run;
}
bool text_template::uses_kept() const noexcept {
  return program_->of_kept;
}
const std::vector<std::uint32_t>& text_template::cells() const noexcept {
  return program_->cells;
}
bool text_template::empty() const noexcept {
  return program_->parts.empty();
}

std::string text_template::constant_text() const {
  std::string out;
  if (const auto result = render(render_input(), out); !result) throw input_error(explain(result));
  return out;
}

}  // namespace lakh::load
