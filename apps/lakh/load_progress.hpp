// What a person sees while a run goes on. The texts are pure functions of the progress; the display writes them.
#pragma once

#include "console.hpp"

#include <lakh/load/engine.hpp>

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace lakh::cli {

// Two lines, each at most `columns` wide: a bar with what is done, and what is going on. Once the run has `ended`, the
// time that it took stands for the time left.
std::vector<std::string> bar_lines(const load::run_progress& now, std::size_t columns, const paint& colours,
                                   bool ended = false);
// One line for a log.
std::string plain_line(const load::run_progress& now, bool ended = false);
// One JSON object on one line.
std::string json_line(const load::run_progress& now);

// Lines at the bottom of a terminal that are drawn over in place. Each drawing is one write, so that nothing flickers;
// the cursor is hidden meanwhile, and comes back when the display is closed or dies.
class live_display {
 public:
  explicit live_display(std::ostream& to) : to_(to) {}
  live_display(const live_display&) = delete;
  live_display& operator=(const live_display&) = delete;
  ~live_display() { close(); }

  // Lines must be narrower than the terminal, which has `columns` now: where it has shrunk since they were drawn, lines
  // have wrapped.
  void show(const std::vector<std::string>& lines, std::size_t columns);
  // A line that stays, above the others.
  void say(const std::string& line);
  // Leaves what is shown, and gives the cursor back. May be called twice.
  void close();

 private:
  [[nodiscard]] std::string go_up(std::size_t columns) const;
  std::ostream& to_;
  std::vector<std::string> shown_;
  std::size_t columns_ = 80;
  bool open_ = false;
};

}  // namespace lakh::cli
