// Options as tables. One table makes the parser, the help and the shell completion, so that they cannot disagree.
#pragma once

#include <lakh/core/config.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakh::cli {

// What a shell may offer for a value.
enum class value_kind : unsigned char { text, file, folder };

struct option {
  std::string_view name;        // "--header"
  char letter = 0;              // 'H' for -H; 0: none
  std::string_view value = {};  // what stands for the value in the help ("FILE"); empty: the option is a flag
  std::string_view help = {};   // one sentence without a full stop
  value_kind kind = value_kind::text;
  std::vector<std::string_view> choices = {};  // where only these are allowed
  bool repeated = false;                       // may be given more than once; otherwise that is an error
  std::string_view section = {};               // heading in the help; empty: "Options"
};

// A command line that has been read by a table. Names are those of the table, with dashes.
class words {
 public:
  [[nodiscard]] bool has(std::string_view name) const noexcept;
  // As it was written; nothing where it was not given.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  // Each throws input_error "--users must be …" where the text says something else.
  [[nodiscard]] std::optional<std::uint64_t> integer(
      std::string_view name, std::uint64_t least = 0,
      std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) const;
  [[nodiscard]] std::optional<std::chrono::nanoseconds> duration(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint64_t> size(std::string_view name) const;
  // As a plain scalar whose place is the option, for those who read configuration.
  [[nodiscard]] std::optional<config> value(std::string_view name) const;
  // What is no option, in order.
  [[nodiscard]] const std::vector<std::string>& positional() const noexcept { return positional_; }

  // The action word, for a verb that takes one, and what was said behind it; null where there was none.
  [[nodiscard]] const words* behind_action() const noexcept { return action_.empty() ? nullptr : &action_.front(); }
  [[nodiscard]] const std::string& action() const noexcept { return action_name_; }

 private:
  friend class word_reader;
  [[nodiscard]] config scalar(std::string_view name) const;
  std::vector<std::pair<std::string_view, std::string>> given_;  // names of the table, which outlives this
  std::vector<std::string> positional_;
  std::string action_name_;
  std::vector<words> action_;  // none or one
};

struct verb;

struct words_read {
  words given;
  bool help_wanted = false;  // --help or -h was met; what follows it was not looked at
};

// Reads `args` by the verb's table. "--name value", "--name=value", "-n value", "-nvalue", flags together as "-iv";
// "--" ends the options. Throws input_error that names the word and the nearest right one.
words_read read_words(const verb& by, std::span<const std::string> args);

}  // namespace lakh::cli
