// The whole command line: words in, exit code out.
#pragma once

#include "environment.hpp"

#include <exception>

namespace lakh::cli {

// Never throws; what goes wrong is printed to env.err.
int run_lakh(environment& env);

// The exit code for a failure of this class.
int exit_code_of(const std::exception& failure) noexcept;

}  // namespace lakh::cli
