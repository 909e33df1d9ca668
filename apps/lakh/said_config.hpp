// What options say, as configuration whose place is the option: plans made of words are read by the same code as plans
// that are written down.
#pragma once

#include "words.hpp"

#include <lakh/core/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::cli {

using config_entries = std::vector<config::entry>;

// A text, whatever it looks like.
config said_text(std::string text, std::string_view by);
// A number, a time, a word of a choice: what it looks like.
config said_plain(std::string text, std::string_view by);
config said_mapping(config_entries from, std::string_view by);
// As JSON would say it: 12, true and null are themselves, "12" is a text, all else is text as it stands.
config said_json(const std::string& text, std::string_view by);

// "NAME=VALUE". Throws input_error that shows the `form` it should have.
std::pair<std::string, std::string> name_and_value(const std::string& text, std::string_view by, std::string_view form,
                                                   bool may_be_empty = true);

// The numbers of an option that takes several, with commas or given again; null if it was not given. Throws input_error
// for one that is out of the range.
config said_numbers(const words& given, std::string_view option_name, std::uint64_t least, std::uint64_t most);

}  // namespace lakh::cli
