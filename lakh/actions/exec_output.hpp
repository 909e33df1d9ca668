// What the programs of a run have written: in the run's folder, an SQLite file for each loader process, `output-N.db`
// beside its `ledger-N.db`. Internal to the room.
//
//   sqlite3 output-0.db "SELECT item, exit_code, stdout FROM output WHERE item = 7"
//
// 1. A program that wrote nothing has no row. A second attempt always has one, and be it empty: nobody is to take what
//    the first one wrote for its. What is UTF-8 without NUL stands there as text, all else as a blob; never compressed,
//    so that SQL can read it.
// 2. As durable as outcomes are: a loader that is killed loses what the last moments brought (linger); nothing waits
//    for the disk.
// 3. Bounded: each stream by what the action captures, the file by its own bound. Beyond it nothing more is kept, and
//    the run says so at its end.
// 4. A file that cannot be written does not end the run: what is lost is said, the ledger says the rest.
// Written by a thread of its own, some hundred rows in a transaction.
#pragma once

#include <lakh/load/side_records.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace lakh::actions {

// One attempt of one item. The views need to live only during the call that they are passed to.
struct exec_output_row {
  std::uint64_t item = 0;
  std::string_view step;
  unsigned attempt = 1;
  std::optional<int> exit_code;  // or the signal that ended it
  std::optional<int> signal;
  std::string_view output;
  std::string_view errors;
  std::uint64_t output_size = 0;  // before it was cut
  std::uint64_t errors_size = 0;
};

class exec_output final : public load::side_record {
 public:
  static constexpr auto linger = std::chrono::milliseconds(50);

  explicit exec_output(const load::side_records& run);
  ~exec_output() override;

  // Any thread. False if too much waits to be written: try again soon.
  [[nodiscard]] bool add(const exec_output_row& row, std::uint64_t most_bytes);

  std::string close() override;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
