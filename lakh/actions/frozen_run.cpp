#include <lakh/actions/frozen_run.hpp>
#include <lakh/actions/registry.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/digest.hpp>

#include <chrono>

namespace lakh::actions {

wall_time check_frozen(const std::filesystem::path& folder, const load::run_info& info) {
  if (load::digest_of(load::run_folder::read_plan(folder)) != info.plan_digest)
    throw storage_error(errc::storage_failure,
                        (folder / "plan.yaml").string() + ": the plan is not the one of this run",
                        "it was changed since the run began: bring it back, or begin a new run");
  const auto started = parse_rfc3339(info.started_at);
  if (!started)
    throw storage_error(errc::storage_failure, (folder / "run.json").string() + ": started_at is not a time",
                        "restore the file from a copy");
  return *started;
}

frozen_run::frozen_run(const std::filesystem::path& folder)
    : info(load::run_folder::read_info(folder)),
      started(check_frozen(folder, info)),
      plan(load::load_plan(folder / "plan.yaml", names())),
      feeds(load::open_feeds(plan)) {
  load::declare(plan, feeds, scope);
  steps = compile(plan, scope);
}

struct item_requests::state {
  explicit state(const frozen_run& the_run)
      : run(the_run),
        random(load::run_random(run.plan.seed, run.info.run_id)),
        feeds(run.feeds, random),
        hands(run.steps.front().act->make_performer(resources)) {}

  const frozen_run& run;
  std::uint64_t random;
  load::feed_reader feeds;
  load::lane_resources resources;
  std::unique_ptr<load::performer> hands;
  std::string text;
};

item_requests::item_requests(const frozen_run& run) : state_(std::make_unique<state>(run)) {}
item_requests::~item_requests() = default;

const std::string& item_requests::operator()(std::uint64_t item) {
  state& my = *state_;
  load::render_input input;
  input.run = my.run.info.run_id;
  input.item = item;
  input.random = load::item_random(my.random, item);
  input.start = std::chrono::floor<std::chrono::seconds>(my.run.started);
  input.cells = my.feeds.read(item);
  my.text.clear();
  if (my.hands->prepare(input, my.text)) my.text = my.hands->prepared();
  return my.text;
}

}  // namespace lakh::actions
