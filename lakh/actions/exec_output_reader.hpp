// Reads what the programs of a run have written, from all `output-N.db` of its folder, in whatever state their writers
// left them, also while the run goes on.
//
//   exec_output_reader outputs(folder);
//   outputs.for_each([&](const exec_outputs& one) { return (std::cout << one.output).good(); });
//
// 1. Of an item's attempts the last one counts, also where it wrote nothing: then there is nothing of it. Which writer
//    made the last one is read from the ledger, where that has more than one file.
// 2. What was written is loaded only of items that are asked for.
#pragma once

#include <lakh/load/ledger_states.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lakh::actions {

// What the last attempt of an item's step wrote.
struct exec_outputs {
  std::uint64_t item = 0;
  std::string step;
  std::uint32_t session = 1;
  std::uint32_t attempt = 1;
  std::optional<std::int64_t> exit_code;
  std::optional<std::int64_t> signal;
  std::string output;
  std::string errors;
  std::uint64_t output_size = 0;  // before it was cut
  std::uint64_t errors_size = 0;
};

// Which of them: all, if nothing is said.
struct exec_output_choice {
  exec_output_choice() = default;
  std::optional<std::uint64_t> item;      // this one only
  std::optional<load::state_set> states;  // of items that the ledger says are in one of these
};

class exec_output_reader {
 public:
  // False: enough, the rest is not read.
  using visitor = std::function<bool(const exec_outputs&)>;

  // Throws storage_error for a file that is damaged, or none of lakh's.
  explicit exec_output_reader(const std::filesystem::path& folder);
  ~exec_output_reader();

  // Whether there is anything to read.
  [[nodiscard]] bool empty() const noexcept;

  // By item, then by step in the order in which they ran. Holds one item in memory, and some bits for each item of the
  // run where the ledger has to be asked. Throws storage_error.
  void for_each(const visitor& visit, const exec_output_choice& choice = {});

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
