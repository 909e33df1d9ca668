// Reads what the programs of a run have written, from all `output-N.db` of its folder, in whatever state their writers
// left them, also while the run goes on.
//
//   exec_output_reader outputs(folder);
//   outputs.for_each([&](const exec_outputs& one) { std::cout << one.output; });
#pragma once

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

class exec_output_reader {
 public:
  // Throws storage_error for a file that is damaged, or none of lakh's.
  explicit exec_output_reader(const std::filesystem::path& folder);
  ~exec_output_reader();

  // Whether there is anything to read.
  [[nodiscard]] bool empty() const noexcept;

  // By item, then by step in the order in which they ran; of one item only, if it is given. Holds one item in memory.
  void for_each(const std::function<void(const exec_outputs&)>& call, std::optional<std::uint64_t> only = {});

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
