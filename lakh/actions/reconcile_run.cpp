#include <lakh/actions/reconcile_run.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/actions/sent_digests.hpp>
#include <lakh/actions/target_views.hpp>
#include <lakh/async/loop.hpp>
#include <lakh/core/clock.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/digest.hpp>
#include <lakh/load/ledger_reader.hpp>
#include <lakh/load/run_folder.hpp>

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
  const load::run_info info = load::run_folder::read_info(folder);
  const std::string frozen = load::run_folder::read_plan(folder);
  if (load::digest_of(frozen) != info.plan_digest)
    throw storage_error(errc::storage_failure, (folder / "plan.yaml").string() + ": the plan is not that of the run",
                        "it was changed since the run began: bring it back");
  const std::optional<wall_time> started = parse_rfc3339(info.started_at);
  if (!started)
    throw storage_error(errc::storage_failure, (folder / "run.json").string() + ": started_at is not a time",
                        "restore the file from a copy");

  const load::plan p = load::load_plan(folder / "plan.yaml", names());
  const load::feed_set feeds = load::open_feeds(p);
  load::template_scope scope;
  load::declare(p, feeds, scope);
  const std::vector<load::compiled_step> steps = compile(p, scope);
  const std::unique_ptr<load::target_view> view = make_target_view(p, scope);

  const load::item_states states = load::ledger_reader(folder).read(info.requested.value_or(0));
  const std::uint64_t size = info.requested.value_or(states.size());
  load::reconciler both(states, size, sent_digests(p, feeds, steps, info.run_id, *started));
  load::render_input of_run;
  of_run.run = info.run_id;
  of_run.start = std::chrono::floor<std::chrono::seconds>(*started);
  // What was never sent is not looked up one by one; a listing tells of it all the same.
  const auto asked = [&](std::uint64_t from) {
    return states.next(from, load::item_state::claimed | load::item_state::confirmed | load::item_state::failed |
                                 load::item_state::unknown);
  };
  co_return co_await read_target(*view, of_run, asked, both);
}

}  // namespace lakh::actions
