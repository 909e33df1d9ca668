#include <lakh/actions/frozen_run.hpp>
#include <lakh/actions/reconcile_run.hpp>
#include <lakh/actions/sent_digests.hpp>
#include <lakh/actions/target_views.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/load/ledger_reader.hpp>

#include <chrono>

namespace lakh::actions {

task<load::reconciliation> read_target(const load::target_view& view, const load::render_input& of_run,
                                       const load::target_view::item_cursor& asked, load::reconciler& both) {
  const time_point start = loop::current().now();
  co_await view.read(of_run, asked, [&both](const load::target_entry& entry) { both.add(entry); });
  load::reconciliation result = both.finish();
  result.seconds = std::chrono::duration<double>(loop::current().now() - start).count();
  co_return result;
}

task<load::reconciliation> reconcile_run(const std::filesystem::path& folder) {
  const frozen_run run(folder);
  const std::unique_ptr<load::target_view> view = make_target_view(run.plan, run.scope);
  const load::item_states states = load::ledger_reader(folder).read(run.info.requested.value_or(0));
  const std::uint64_t size = run.info.requested.value_or(states.size());
  load::reconciler both(states, size, sent_digests(run.plan, run.feeds, run.steps, run.info.run_id, run.started));
  load::render_input of_run;
  of_run.run = run.info.run_id;
  of_run.start = std::chrono::floor<std::chrono::seconds>(run.started);
  // What was never sent is not looked up one by one; a listing tells of it all the same.
  const auto asked = [&](std::uint64_t from) {
    return states.next(from, load::item_state::claimed | load::item_state::confirmed | load::item_state::failed |
                                 load::item_state::unknown);
  };
  co_return co_await read_target(*view, of_run, asked, both);
}

}  // namespace lakh::actions
