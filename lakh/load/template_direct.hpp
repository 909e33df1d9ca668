// The fast way to render: parts whose length has a bound are written straight into room that was made for all of them
// at once, without a check or a call for each. For the template sources only.
#pragma once

#include <lakh/load/template_program.hpp>

#include <string>

namespace lakh::load::detail {

// Divides the finished program into runs of parts that can be written so, and of others.
void plan_runs(template_program& program);

// Appends the parts of a direct run. On failure `out` is as it was, and `number` says which part it was.
render_status render_direct(const template_program& program, const template_run& run, const render_input& input,
                            std::string& out, std::uint32_t& number);

}  // namespace lakh::load::detail
