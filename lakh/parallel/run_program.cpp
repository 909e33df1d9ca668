#include <lakh/async/scope.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/async/timeout.hpp>
#include <lakh/core/error.hpp>
#include <lakh/parallel/run_program.hpp>

#include <algorithm>

namespace lakh {
namespace {

constexpr std::size_t chunk = 65536;

void keep(const std::string& bytes, std::size_t most, std::string& kept, bool& cut) {
  const std::size_t room = most - kept.size();
  kept.append(bytes, 0, room);
  cut = cut || bytes.size() > room;
}

task<void> feed(process& child, std::string_view input) {
  try {
    co_await child.write(input);
  } catch (const closed_error&) {
    // It does not want to read all of it: its own affair.
  }
  child.close_input();
}

task<void> collect(process& child, task<std::string> (process::*read)(std::size_t), std::size_t most, std::string& kept,
                   bool& cut) {
  while (true) {
    const std::string bytes = co_await (child.*read)(chunk);
    if (bytes.empty()) co_return;
    keep(bytes, most, kept, cut);
    co_await yield();  // one that always has more would keep all others waiting, its deadline too
  }
}

// What it wrote right before its end. As much as a pipe holds by default and some: not for ever, where something that
// it started writes on.
void collect_rest(process& child, std::string (process::*take)(std::size_t), std::size_t most, std::string& kept,
                  bool& cut) {
  constexpr int most_chunks = 32;
  for (int i = 0; i < most_chunks; ++i) {
    const std::string bytes = (child.*take)(chunk);
    if (bytes.empty()) return;
    keep(bytes, most, kept, cut);
  }
}

}  // namespace

task<program_result> program_run::attend(program what, std::string input, std::size_t most) {
  what.input(input.empty() ? stream_to::nothing : stream_to::pipe).output(stream_to::pipe).errors(stream_to::pipe);
  process child = process::start(what);
  program_result result;
  co_await in_scope([&](scope& streams) -> task<void> {
    if (!input.empty()) streams.spawn(feed(child, input));
    streams.spawn(collect(child, &process::read_output, most, result.output, result.output_cut));
    streams.spawn(collect(child, &process::read_errors, most, result.errors, result.errors_cut));
    result.status = co_await child.async_wait();
    streams.cancel();
  });
  collect_rest(child, &process::take_output, most, result.output, result.output_cut);
  collect_rest(child, &process::take_errors, most, result.errors, result.errors_cut);
  co_return result;
}

task<program_result> program_run::go(program_run run) {
  task<program_result> work = attend(std::move(run.what_), std::move(run.input_), run.most_);
  if (run.limit_) co_return co_await with_timeout(*run.limit_, std::move(work));
  co_return co_await std::move(work);
}

}  // namespace lakh
