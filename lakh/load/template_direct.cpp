#include <lakh/core/text.hpp>
#include <lakh/load/generators.hpp>
#include <lakh/load/template_direct.hpp>

#include <algorithm>
#include <cstring>
#include <optional>

namespace lakh::load::detail {
namespace {

// Text is copied in blocks: whole ones, so that short pieces, of which a template mostly consists, cost no call. What
// is read beyond a piece is the pool's padding or the next piece; what is written beyond is overwritten, or is in the
// slack.
constexpr std::size_t block = 16;

char* put_literal(char* at, const char* text, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; i += block) std::memcpy(at + i, text + i, block);
  return at + size;
}

char* put_text(char* at, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

bool is_view(part_source source) noexcept {
  return source == part_source::run || source == part_source::cell || source == part_source::kept;
}

std::string_view view_of(const template_part& part, const render_input& input) noexcept {
  switch (part.source) {
    case part_source::run: return input.run;
    case part_source::cell: return input.cells[part.index];
    default: return part.index < input.kept.size() ? input.kept[part.index] : std::string_view();
  }
}

bool escapes_in_place(escaping how) noexcept {
  return how == escaping::none || how == escaping::json_inside || how == escaping::json_string ||
         how == escaping::header;
}

bool pads(const template_program& program, const template_part& part) noexcept {
  return part.filters == 1 && program.filters[part.first_filter].kind == filter_kind::pad;
}

// The most bytes of the part, but for views; nothing where it cannot be written directly.
std::optional<std::size_t> bound_of(const template_program& program, const template_part& part) {
  if (part.source == part_source::literal) return part.count;
  if (is_view(part.source)) {
    if (part.filters != 0 || !escapes_in_place(part.how)) return std::nullopt;
    return 0;
  }
  if (part.how != escaping::none) return std::nullopt;
  if (part.source == part_source::item || part.source == part_source::integer) {
    if (part.filters == 0) return 20;
    if (pads(program, part)) return std::max<std::size_t>(20, program.filters[part.first_filter].width);
    return std::nullopt;
  }
  if (part.filters != 0) return std::nullopt;
  switch (part.source) {
    case part_source::uuid: return 36;
    case part_source::chance: return 5;
    case part_source::hex:
    case part_source::digits: return static_cast<std::size_t>(part.high);
    case part_source::pick: {
      std::size_t longest = 0;
      for (std::uint32_t i = part.index; i < part.index + part.count; ++i)
        longest = std::max<std::size_t>(longest, program.options[i].second);
      return longest;
    }
    default: return std::nullopt;
  }
}

struct writer {
  const template_program& program;
  const render_input& input;
  char* at;
  render_status status = render_status::ok;

  void view(const template_part& part) {
    const std::string_view text = view_of(part, input);
    if (part.source == part_source::kept) {
      if (text.data() == nullptr) {
        status = render_status::nothing_kept;
        return;
      }
      if (part.check_utf8 && !is_utf8(text)) {
        status = render_status::bad_encoding;
        return;
      }
    }
    switch (part.how) {
      case escaping::json_string:
        *at++ = '"';
        at = put_json_escaped(at, text);
        *at++ = '"';
        break;
      case escaping::json_inside: at = put_json_escaped(at, text); break;
      case escaping::header:
        if (has_control(text, true)) status = render_status::control_character;
        [[fallthrough]];
      default: at = put_text(at, text);
    }
  }

  void padded(const template_part& part, char* begin) {
    if (part.filters == 0) return;
    const part_filter& filter = program.filters[part.first_filter];
    const auto size = static_cast<std::size_t>(at - begin);
    if (size >= filter.width) return;
    std::memmove(begin + (filter.width - size), begin, size);
    std::memset(begin, filter.fill, filter.width - size);
    at = begin + filter.width;
  }

  void made(const template_part& part) {
    random_sequence random(mix(input.random, part.ordinal));
    switch (part.source) {
      case part_source::integer: at = put_number(at, random.between(part.low, part.high)); break;
      case part_source::uuid: at = put_uuid(at, random); break;
      case part_source::chance: at = put_text(at, random.unit() < part.chance ? "true" : "false"); break;
      case part_source::pick: {
        const auto [offset, size] = program.options[part.index + random.below(part.count)];
        at = put_literal(at, program.pool.data() + offset, size);
        break;
      }
      case part_source::hex:
        at = put_hex_digits(at, random, static_cast<std::size_t>(random.between(part.low, part.high)));
        break;
      default: at = put_digits(at, random, static_cast<std::size_t>(random.between(part.low, part.high)));
    }
  }

  void part(const template_part& p) {
    switch (p.source) {
      case part_source::literal: at = put_literal(at, program.pool.data() + p.index, p.count); break;
      case part_source::run:
      case part_source::cell:
      case part_source::kept: view(p); break;
      case part_source::item: {
        char* const begin = at;
        at = put_number(at, input.item);
        padded(p, begin);
        break;
      }
      default: {
        char* const begin = at;
        made(p);
        padded(p, begin);
      }
    }
  }
};

}  // namespace

void plan_runs(template_program& program) {
  program.pool.append(block, '\0');  // put_literal reads whole blocks
  program.runs.clear();
  for (std::uint32_t i = 0; i < program.parts.size(); ++i) {
    const template_part& part = program.parts[i];
    const auto bound = bound_of(program, part);
    if (program.runs.empty() || program.runs.back().direct != bound.has_value()) {
      template_run next;
      next.begin = i;
      next.direct = bound.has_value();
      next.bound = block;
      program.runs.push_back(next);
    }
    template_run& run = program.runs.back();
    run.end = i + 1;
    run.bound += bound.value_or(0);
    run.views = run.views || is_view(part.source);
  }
}

render_status render_direct(const template_program& program, const template_run& run, const render_input& input,
                            std::string& out, std::uint32_t& number) {
  std::size_t bound = run.bound;
  if (run.views)
    for (std::uint32_t i = run.begin; i < run.end; ++i) {
      const template_part& part = program.parts[i];
      if (is_view(part.source)) bound += most_json_escaped(view_of(part, input).size()) + 2;
    }
  const std::size_t before = out.size();
  writer w{program, input, nullptr};
  number = run.begin;
  out.resize_and_overwrite(before + bound, [&](char* data, std::size_t) noexcept {
    w.at = data + before;
    for (; number < run.end; ++number) {
      w.part(program.parts[number]);
      if (w.status != render_status::ok) return before;
    }
    return static_cast<std::size_t>(w.at - data);
  });
  return w.status;
}

}  // namespace lakh::load::detail
