// One program, once, exactly as a run would start it for an item: in a session of its own, without a terminal, its
// input closed or given, its environment with LAKH_RUN and LAKH_ITEM. Texts are as written: `{{` is nothing special.
//
//   exec_once once(settings, expect, keep, {});
//   const exec_result result = co_await once.run([](std::string_view bytes) { … }, {});
#pragma once

#include <lakh/actions/exec_child.hpp>
#include <lakh/core/certainty.hpp>
#include <lakh/core/config.hpp>
#include <lakh/core/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lakh::actions {

struct exec_result {
  exec_result() = default;
  certainty certain = certainty::not_sent;
  bool as_expected = false;
  error_kind error = error_kind::none;
  std::string reason;  // why it is not as expected
  exec_end end;        // meaningless where it was not started
  std::chrono::nanoseconds time{};
  std::string output;  // as much as is captured
  std::string errors;
  std::uint64_t output_size = 0;
  std::uint64_t errors_size = 0;
  std::vector<std::pair<std::string, std::string>> kept;
};

class exec_once {
 public:
  // What stands under `exec`, `expect` and `keep` of a plan. No time limit: it may take as long as it likes. Throws
  // input_error.
  exec_once(const config& settings, const config& expect, const config& keep,
            std::optional<std::chrono::nanoseconds> time_limit);
  ~exec_once();

  // On a loop. The listeners hear what it writes as it comes; they may be empty. Throws input_error if there is no such
  // program or folder.
  task<exec_result> run(exec_child::listener to_output, exec_child::listener to_errors);

  // While it runs, to everything in its session.
  void signal_all(int signal) noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace lakh::actions
