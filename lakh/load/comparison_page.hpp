// A comparison of shapes as a page of its own: what was found, bars and curves, and every figure as a table.
#pragma once

#include <lakh/load/comparison.hpp>

#include <string>
#include <string_view>

namespace lakh::load {

// `written_at` is RFC 3339. From one to most_shapes shapes; throws input_error for others.
std::string comparison_html(const comparison& all, std::string_view written_at);

}  // namespace lakh::load
