// Which texts of a plan hold secrets, so that ledgers, reports and errors show them as they are written: with names of
// environment variables, not their values. Internal to the room.
#pragma once

#include <lakh/load/plan.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace lakh::actions {

// Those that read an environment variable, directly or through a value of `let:`.
class secret_texts {
 public:
  explicit secret_texts(const load::plan& p);
  [[nodiscard]] bool holds(std::string_view text) const;
  // The text as it may be shown where it is a secret, else nothing.
  [[nodiscard]] std::string shown(std::string_view text) const {
    return holds(text) ? std::string(text) : std::string();
  }

 private:
  std::vector<std::string> names_;  // of values that do
};

}  // namespace lakh::actions
