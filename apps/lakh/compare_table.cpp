#include "compare_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace lakh::cli {
namespace {

using load::figure;

struct cell {
  std::string median;
  std::string range;
};
struct column {
  std::string title;
  std::vector<cell> cells;  // of each shape
  [[nodiscard]] std::size_t width() const {
    std::size_t widest = display_width(title);
    for (const cell& one : cells) widest = std::max({widest, display_width(one.median), display_width(one.range)});
    return widest;
  }
};

cell cell_of(const std::optional<load::spread>& value, figure which) {
  if (!value) return {"–", {}};
  return {load::figure_text(value->median, which),
          value->least < value->most ? load::range_text(*value, which) : std::string()};
}

std::vector<column> columns_of(const load::comparison& all) {
  std::vector<column> columns;
  column& items = columns.emplace_back("items");
  for (const load::compared_shape& shape : all.shapes)
    items.cells.push_back({shape.items ? load::grouped(*shape.items) : "–", {}});
  if (std::ranges::any_of(all.shapes, [&](const auto& shape) { return shape.counted() != all.rounds; })) {
    column& rounds = columns.emplace_back("rounds");
    for (const load::compared_shape& shape : all.shapes)
      rounds.cells.push_back({fmt::format("{} of {}", shape.counted(), all.rounds), {}});
  }
  for (const load::figure_words& words : load::figures) {
    const figure which = words.which;
    column& one = columns.emplace_back(std::string(words.column));
    for (const load::compared_shape& shape : all.shapes) one.cells.push_back(cell_of(spread_of(shape, which), which));
    if (which != figure::rate || all.shapes.size() < 2) continue;
    column& ratio = columns.emplace_back("× " + all.shapes.front().name);
    for (std::size_t i = 0; i < all.shapes.size(); ++i) {
      const auto value = rate_ratio(all, i);
      if (!value || i == 0)
        ratio.cells.push_back({value ? "1" : "–", {}});
      else
        ratio.cells.push_back(
            {load::ratio_text(value->median), value->least < value->most
                                                  ? load::ratio_text(value->least) + "–" + load::ratio_text(value->most)
                                                  : std::string()});
    }
  }
  return columns;
}

std::string part_of_table(const load::comparison& all, std::span<const column> columns, std::size_t names,
                          const paint& colours) {
  std::string head = pad_right("shape", names);
  for (const column& one : columns) head += "  " + pad_left(one.title, one.width());
  std::string text = "  " + colours.dim(head) + "\n";
  for (std::size_t i = 0; i < all.shapes.size(); ++i) {
    text += "  " + pad_right(all.shapes[i].name, names);
    std::string below(names + 2, ' ');
    for (const column& one : columns) {
      text += "  " + pad_left(one.cells[i].median, one.width());
      below += "  " + pad_left(one.cells[i].range, one.width());
    }
    text += "\n";
    const std::size_t end = below.find_last_not_of(' ');
    if (end != std::string::npos) text += colours.dim(below.substr(0, end + 1)) + "\n";
  }
  return text;
}

}  // namespace

std::string run_line(const load::comparison& all, const load::compared_shape& shape, const load::shape_run& run) {
  std::size_t names = 0;
  for (const load::compared_shape& one : all.shapes) names = std::max(names, display_width(one.name));
  std::string text = fmt::format("round {} of {}  {}", run.round, all.rounds, pad_right(shape.name, names));
  if (!run.counts()) return text + "  " + fit(printable(run.problem), 300);
  return text + pad_left(load::grouped(run.settled()), 12) + (run.settled() == 1 ? " item " : " items") +
         pad_left(load::figure_text(value_of(run, figure::wall), figure::wall), 10) +
         pad_left(load::figure_text(value_of(run, figure::rate), figure::rate), 12);
}

std::string comparison_text(const load::comparison& all, std::size_t columns, const paint& colours) {
  std::string title =
      fmt::format("{} in {} shape{}, {} round{}, {} processor{}", all.title.empty() ? "One plan" : printable(all.title),
                  all.shapes.size(), all.shapes.size() == 1 ? "" : "s", all.rounds, all.rounds == 1 ? "" : "s",
                  all.processors, all.processors == 1 ? "" : "s");
  std::string text = colours.bold(fit(title, columns)) + "\n";
  std::size_t names = 5;
  for (const load::compared_shape& shape : all.shapes) names = std::max(names, display_width(shape.name));
  const std::vector<column> figures = columns_of(all);
  for (std::size_t from = 0; from < figures.size();) {
    std::size_t used = 2 + names;
    std::size_t to = from;
    while (to < figures.size() && (to == from || used + 2 + figures[to].width() <= columns))
      used += 2 + figures[to++].width();
    text += "\n" + part_of_table(all, std::span(figures).subspan(from, to - from), names, colours);
    from = to;
  }
  text += "\n" +
          colours.dim(
              wrapped("memory: resident, at most; voluntary and involuntary: context switches per item", columns, 0)) +
          "\n";
  for (const std::string& one : findings(all)) text += wrapped(one + ".", columns, 0);
  for (const std::string& one : caveats(all))
    text += colours.yellow("note:") + " " + wrapped(printable(one) + ".", columns - 6, 6).substr(6);
  return text;
}

}  // namespace lakh::cli
