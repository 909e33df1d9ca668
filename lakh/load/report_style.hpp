// How a report looks and answers the pointer: the style sheet and the script that stand in its page.
#pragma once

#include <string_view>

namespace lakh::load {

std::string_view report_style() noexcept;
// Reads what it shows from the page's own tables; without it nothing is missing but the read-outs.
std::string_view report_script() noexcept;

}  // namespace lakh::load
