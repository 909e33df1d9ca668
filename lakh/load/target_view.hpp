// The target's own data, as far as they tell of a run's items: what the ledger is held against, and what settles items
// that may or may not have happened. A listing gives all that the target has of the run; a look-up asks for one item at
// a time.
#pragma once

#include <lakh/async/task.hpp>
#include <lakh/load/template.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace lakh::load {

struct target_entry {
  std::optional<std::uint64_t> item;  // nothing: the reference names no item of the run
  std::string_view reference;         // as the target gives it
  std::string_view digest;  // XXH3-64 of the body that arrived, in hexadecimal; empty if the target gives none
};

class target_view {
 public:
  // The views of an entry live during the call.
  using entry_sink = std::function<void(const target_entry&)>;
  // The first item from `from` on that is asked for, in rising order; nothing when there are no more.
  using item_cursor = std::function<std::optional<std::uint64_t>(std::uint64_t from)>;

  target_view() = default;
  target_view(const target_view&) = delete;
  target_view& operator=(const target_view&) = delete;
  virtual ~target_view() = default;

  // Tells of every entry that the target has of the items asked for; a listing tells of all others too. `of_run` gives
  // run id and start. Throws lakh::error if the target cannot be read to the end: then nothing may be concluded from
  // what was told before.
  [[nodiscard]] virtual task<void> read(const render_input& of_run, const item_cursor& asked,
                                        const entry_sink& tell) const = 0;
};

}  // namespace lakh::load
