// A comparison of shapes on a terminal. Pure: figures in, text out.
#pragma once

#include "console.hpp"

#include <lakh/load/comparison.hpp>

#include <cstddef>
#include <string>

namespace lakh::cli {

// A row for each shape, below it the least and the most of its rounds; where the columns do not fit side by side, they
// follow in another table. Then what is found, and what is to be known.
std::string comparison_text(const load::comparison& all, std::size_t columns, const paint& colours);

// "round 1 of 3  serial          1,000 items    4.12 s     243/s", without a line break.
std::string run_line(const load::comparison& all, const load::compared_shape& shape, const load::shape_run& run);

}  // namespace lakh::cli
