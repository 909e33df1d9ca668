#include "action_words.hpp"
#include "verb.hpp"
#include "words.hpp"

#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>

#include <algorithm>

namespace lakh::cli {

bool words::has(std::string_view name) const noexcept {
  return std::ranges::any_of(given_, [&](const auto& one) { return one.first == name; });
}

std::optional<std::string> words::text(std::string_view name) const {
  for (const auto& [option_name, value] : given_)
    if (option_name == name) return value;
  return std::nullopt;
}

std::vector<std::string> words::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [option_name, value] : given_)
    if (option_name == name) values.push_back(value);
  return values;
}

config words::scalar(std::string_view name) const {
  return config::scalar(*text(name), config::style::plain);
}

std::optional<std::uint64_t> words::integer(std::string_view name, std::uint64_t least, std::uint64_t most) const {
  if (!has(name)) return std::nullopt;
  return scalar(name).integer(name, least, most);
}
std::optional<std::chrono::nanoseconds> words::duration(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return scalar(name).duration(name);
}
std::optional<std::uint64_t> words::size(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  return scalar(name).size(name);
}
std::optional<config> words::value(std::string_view name) const {
  const auto written = text(name);
  if (!written) return std::nullopt;
  return config::scalar(*written, config::style::plain, input_place(std::string(name)));
}

// One command line on its way through the tables.
class word_reader {
 public:
  word_reader(const verb& by, std::span<const std::string> args) : verb_(by), args_(args) {}

  words_read read() {
    while (at_ < args_.size() && !result_.help_wanted) {
      const std::string& word = args_[at_++];
      if (options_ended_ || word == "-" || !word.starts_with('-'))
        positional_word(word);
      else if (word == "--")
        options_ended_ = true;
      else if (word == "--help" || word == "-h")
        result_.help_wanted = true;
      else if (word.starts_with("--"))
        long_option(word);
      else
        letters(word);
    }
    return std::move(result_);
  }

 private:
  struct found_option {
    const option* what = nullptr;
    words* into = nullptr;
  };

  [[nodiscard]] words* inner() { return result_.given.action_.empty() ? nullptr : &result_.given.action_.front(); }

  // Behind an action word its own options come first.
  template <class Match> found_option find(const Match& match) {
    if (action_ != nullptr)
      for (const option& one : action_->options)
        if (match(one)) return {&one, inner()};
    for (const option& one : verb_.options)
      if (match(one)) return {&one, &result_.given};
    return {};
  }

  [[nodiscard]] std::string help_hint() const {
    return "'lakh " + std::string(verb_.name) + " --help' shows what it understands";
  }

  void positional_word(const std::string& word) {
    if (verb_.takes_action && action_ == nullptr && !options_ended_) {
      action_ = find_action(word);
      if (action_ != nullptr) {
        result_.given.action_name_ = word;
        result_.given.action_.emplace_back();
        return;
      }
    }
    words& into = action_ != nullptr ? *inner() : result_.given;
    const std::size_t room = action_ != nullptr ? action_->positionals.size() : verb_.positionals.size();
    const bool more = action_ != nullptr ? action_->more_positionals : verb_.more_positionals;
    if (!more && into.positional_.size() >= room) {
      std::string hint = help_hint();
      const bool is_option = find([&](const option& one) { return one.name.substr(2) == word; }).what != nullptr;
      if (is_option) hint = "did you mean --" + word + "?";
      throw input_error("'" + word + "' is one word too many for 'lakh " + std::string(verb_.name) + "'", hint);
    }
    into.positional_.push_back(word);
    if (action_ != nullptr ? action_->command_follows : verb_.command_follows) options_ended_ = true;
  }

  void long_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const found_option found = find([&](const option& one) { return one.name == name; });
    if (found.what == nullptr) unknown(name);
    if (found.what->value.empty()) {
      if (equals != std::string::npos)
        throw input_error(name + " takes no value, but '" + word.substr(equals + 1) + "' was given");
      give(found, {});
    } else if (equals != std::string::npos) {
      give(found, word.substr(equals + 1));
    } else {
      give(found, next_value(*found.what, name));
    }
  }

  void letters(const std::string& word) {
    // "-json" is "--json" with a dash too few, not -j with the value "son".
    if (word.size() > 2 && find([&](const option& one) { return one.name.substr(1) == word; }).what != nullptr)
      unknown(word);
    for (std::size_t i = 1; i < word.size(); ++i) {
      const char letter = word[i];
      const std::string written = std::string("-") + letter;
      if (letter == 'h' && i + 1 == word.size()) {
        result_.help_wanted = true;
        return;
      }
      const found_option found = find([&](const option& one) { return one.letter == letter; });
      if (found.what == nullptr) unknown(i == 1 && word.size() > 2 ? word : written);
      if (found.what->value.empty()) {
        give(found, {});
        continue;
      }
      std::string rest = word.substr(i + 1);
      give(found, rest.empty() ? next_value(*found.what, written) : std::move(rest));
      return;
    }
  }

  std::string next_value(const option& what, const std::string& written) {
    if (at_ == args_.size())
      throw input_error(written + " needs a value: " + written + " " + std::string(what.value), help_hint());
    const std::string& value = args_[at_];
    const std::string name = value.substr(0, value.find('='));
    const bool is_option = find([&](const option& one) { return one.name == name; }).what != nullptr;
    if (is_option)
      throw input_error(written + " needs a value, but the option " + value + " follows",
                        "if that is the value, write " + std::string(what.name) + "=" + value);
    ++at_;
    return value;
  }

  static void give(const found_option& found, std::string value) {
    const option& what = *found.what;
    if (!what.repeated && found.into->has(what.name))
      throw input_error(std::string(what.name) + " is given twice", "leave one of them out");
    if (!what.choices.empty() && std::ranges::find(what.choices, std::string_view(value)) == what.choices.end()) {
      const std::string_view near = nearest(value, what.choices);
      throw input_error(
          std::string(what.name) + " must be one of " + list_of(what.choices) + ", but is '" + value + "'",
          near.empty() ? std::string() : "did you mean '" + std::string(near) + "'?");
    }
    found.into->given_.emplace_back(what.name, std::move(value));
  }

  [[nodiscard]] std::string_view nearest_option(std::string_view name) const {
    std::vector<std::string_view> names = {"--help"};
    for (const option& one : verb_.options) names.push_back(one.name);
    if (action_ != nullptr)
      for (const option& one : action_->options) names.push_back(one.name);
    return nearest(name, names);
  }

  // Which action has this option, or nearly this one; else the hint that there is.
  [[nodiscard]] std::string belongs_behind(const std::string& name, const std::string& written,
                                           const std::string& hint) const {
    for (const bool exactly : {true, false})
      for (const action_words* one : all_actions()) {
        std::vector<std::string_view> names;
        for (const option& o : one->options) {
          if (name.size() == 2 && name[1] == o.letter) names.push_back(name);
          names.push_back(o.name);
        }
        const bool known = std::ranges::find(names, std::string_view(written)) != names.end();
        const std::string_view meant =
            exactly ? std::string_view(known ? written : std::string_view()) : nearest(written, names);
        if (meant.empty()) continue;
        return std::string(known ? "" : "did you mean " + std::string(meant) + "? ") + "it belongs behind the word '" +
               std::string(one->name) + "': lakh " + std::string(verb_.name) + " … " + std::string(one->name) + " … " +
               std::string(meant);
      }
    return hint;
  }

  [[noreturn]] void unknown(const std::string& name) const {
    // "-json" is "--json" with a dash too few.
    const std::string written = name.starts_with("--") || name.size() == 2 ? name : "-" + name;
    const std::string_view near = nearest_option(written);
    std::string hint = help_hint();
    if (!near.empty()) hint = "did you mean " + std::string(near) + "? " + hint;
    // An option that stands before its action is a common slip.
    if (near.empty() && action_ == nullptr && verb_.takes_action) hint = belongs_behind(name, written, hint);
    throw input_error("'lakh " + std::string(verb_.name) + "' has no option " + name, hint);
  }

  const verb& verb_;
  std::span<const std::string> args_;
  std::size_t at_ = 0;
  bool options_ended_ = false;
  const action_words* action_ = nullptr;
  words_read result_;
};

words_read read_words(const verb& by, std::span<const std::string> args) {
  return word_reader(by, args).read();
}

}  // namespace lakh::cli
