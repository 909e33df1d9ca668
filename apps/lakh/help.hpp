// Help, made from the tables of options.
#pragma once

#include "console.hpp"
#include "verb.hpp"

#include <cstddef>
#include <string>

namespace lakh::cli {

// `lakh --help`
std::string main_help(paint colours, std::size_t columns);
// `lakh VERB --help`
std::string verb_help(const verb& of, paint colours, std::size_t columns);

}  // namespace lakh::cli
