#include "said_config.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>

namespace lakh::cli {

config said_text(std::string text, std::string_view by) {
  return config::scalar(std::move(text), config::style::quoted, input_place(std::string(by)));
}

config said_plain(std::string text, std::string_view by) {
  return config::scalar(std::move(text), config::style::plain, input_place(std::string(by)));
}

config said_mapping(config_entries from, std::string_view by) {
  return config::mapping(std::move(from), input_place(std::string(by)));
}

config said_json(const std::string& text, std::string_view by) {
  std::string inside;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"' &&
      append_json_unescaped(inside, std::string_view(text).substr(1, text.size() - 2)))
    return said_text(inside, by);
  return said_plain(text, by);
}

std::pair<std::string, std::string> name_and_value(const std::string& text, std::string_view by, std::string_view form,
                                                   bool may_be_empty) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || (!may_be_empty && equals + 1 == text.size()))
    throw input_error(std::string(by) + " '" + text + "' has no name and value", "write it as " + std::string(form));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

config said_numbers(const words& given, std::string_view option_name, std::uint64_t least, std::uint64_t most) {
  std::vector<config> numbers;
  for (const std::string& list : given.all(option_name))
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      config one = said_plain(list.substr(at, end - at), option_name);
      (void)one.integer(std::string(option_name), least, most);
      numbers.push_back(std::move(one));
      at = end + 1;
    }
  const input_place place{std::string(option_name)};
  return numbers.empty() ? config::null(place) : config::sequence(std::move(numbers), place);
}

}  // namespace lakh::cli
