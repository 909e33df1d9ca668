// The functions and filters that expressions may call: what each takes, and the part that it becomes.
#pragma once

#include <lakh/load/template_expression.hpp>
#include <lakh/load/template_program.hpp>

#include <span>
#include <string_view>

namespace lakh::load {

// "int", "uuid", … — for suggestions and to keep other names from hiding them.
std::span<const std::string_view> function_names() noexcept;
std::span<const std::string_view> filter_names() noexcept;

// The part for a call of a function, without its ordinal; options of pick() are put into the program. False where there
// is no such function. Throws expression_error for wrong arguments.
bool make_function(const template_call& call, detail::template_program& program, detail::template_part& part);

// Adds the filter to the program's filters (the part's must be the last there) and changes the part's type.
// Throws expression_error.
void add_filter(const template_call& call, detail::template_program& program, detail::template_part& part);

// True where all that the source makes may stand unescaped in JSON strings and headers, and, for `in_urls`, in URLs and
// forms too.
bool needs_no_escaping(part_source source, bool in_urls) noexcept;

}  // namespace lakh::load
