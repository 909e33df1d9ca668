#include "console.hpp"
#include "exit_code.hpp"
#include "json_view.hpp"
#include "runs_output.hpp"

#include <lakh/actions/exec_output_reader.hpp>
#include <lakh/core/error.hpp>
#include <lakh/core/text.hpp>
#include <lakh/load/balance.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <ostream>

namespace lakh::cli {
namespace {

std::string as_json(const actions::exec_outputs& one) {
  std::string out = fmt::format(R"({{"item":{},"step":)", one.item);
  append_json_string(out, is_utf8(one.step) ? one.step : printable(one.step));
  const auto number = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string("null");
  };
  fmt::format_to(std::back_inserter(out), R"(,"session":{},"attempt":{},"exit_code":{},"signal":{})", one.session,
                 one.attempt, number(one.exit_code), number(one.signal));
  append_json_bytes(out, "stdout", one.output);
  append_json_bytes(out, "stderr", one.errors);
  return out + fmt::format(R"(,"stdout_bytes":{},"stderr_bytes":{}}})", one.output_size, one.errors_size);
}

// Each line behind the number of its item.
std::string tagged(std::uint64_t item, std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += fmt::format("{}\t{}\n", item, text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::optional<std::uint64_t> item_of(const words& given) {
  if (given.positional().size() < 3) return std::nullopt;
  constexpr auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return config::scalar(given.positional()[2], config::style::plain).integer("ITEM", 0, last);
}

}  // namespace

int show_output(environment& env, const words& given, const std::filesystem::path& folder) {
  actions::exec_output_choice choice;
  choice.item = item_of(given);
  for (const auto& [option_name, state] :
       {std::pair("--failed", load::item_state::failed), std::pair("--unknown", load::item_state::unknown),
        std::pair("--confirmed", load::item_state::confirmed)})
    if (given.has(option_name)) choice.states = choice.states.value_or(load::state_set()) | state;
  const std::uint64_t most = given.integer("--limit", 1).value_or(std::numeric_limits<std::uint64_t>::max());
  const bool json = given.has("--json");
  const bool errors = given.has("--stderr");
  const bool tag = given.has("--tag");
  std::uint64_t shown = 0;
  std::uint64_t cut = 0;
  actions::exec_output_reader outputs(folder);
  outputs.for_each(
      [&](const actions::exec_outputs& one) {
        ++shown;
        const std::string& text = errors ? one.errors : one.output;
        if ((errors ? one.errors_size : one.output_size) > text.size()) ++cut;
        if (json)
          *env.out << as_json(one) << '\n';
        else if (tag)
          *env.out << tagged(one.item, env.out_is_terminal ? printable(text, true) : text);
        else
          *env.out << (env.out_is_terminal ? printable(text, true) : text);
        return shown < most;
      },
      choice);
  env.out->flush();
  if (json) return all_well;
  if (shown == 0)
    *env.err << "note: no output is kept of " << (choice.item ? "this item" : "such items")
             << "; programs that wrote nothing leave none\n";
  if (cut != 0)
    *env.err << "note: of " << load::grouped(cut)
             << " programs only the beginning was kept (exec: capture); --json says how much they wrote\n";
  return all_well;
}

}  // namespace lakh::cli
