// The words of a chaos spec as paragraphs of a verb's help, made from the table that reads them.
#pragma once

#include <lakh/core/chaos.hpp>

#include <span>
#include <string>

namespace lakh::cli {

std::string chaos_help(std::span<const chaos_rule> rules);

}  // namespace lakh::cli
