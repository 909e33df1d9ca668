#include <lakh/actions/reconcile_run.hpp>
#include <lakh/actions/run_load_state.hpp>
#include <lakh/actions/sent_digests.hpp>
#include <lakh/async/sleep.hpp>

#include <chrono>

namespace lakh::actions {
namespace {

using load::item_state;

// Before an item that is not at the target is sent again: time for what was on its way there when the loader died.
constexpr auto time_to_arrive = std::chrono::seconds(2);

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return load::grouped(number) + " " + std::string(number == 1 ? one : many);
}

}  // namespace

task<bool> load_run::state::unless_cut_short(task<void> work) {
  bool ended = false;
  auto body = [&](lakh::scope& s) -> task<void> {
    asking = &s;
    co_await std::move(work);
    ended = true;
  };
  try {
    co_await in_scope(body);
  } catch (...) {
    asking = nullptr;
    throw;
  }
  asking = nullptr;
  co_return ended;
}

task<load::reconciliation> load_run::state::ask_target(load::reconciler& both, const load::item_states& states,
                                                       load::state_set asked) const {
  load::render_input of_run;
  of_run.run = run_id;
  of_run.start = std::chrono::floor<std::chrono::seconds>(started);
  co_return co_await read_target(*view, of_run, [&](std::uint64_t from) { return states.next(from, asked); }, both);
}

// Reads what there is, settles what is in doubt as far as that can be done without sending, and says what is to be
// sent.
task<void> load_run::state::take_up() {
  before = read_what_is_left();
  load::item_states& states = *before;
  const std::uint64_t doubtful = states.count(item_state::claimed);
  const std::uint64_t unknown = states.count(item_state::unknown);
  const std::uint64_t settled_before = states.count(item_state::confirmed) + states.count(item_state::failed) + unknown;
  tell("resuming run " + run_id + ", session " + std::to_string(session) + ": " + load::grouped(settled_before) +
       (requested ? " of " + load::grouped(*requested) : std::string()) + " items are settled, " +
       load::grouped(doubtful) + " in doubt");

  if (request.retry_failed) wanted = wanted | item_state::failed;
  std::optional<load::settlement> settled;
  if (repeatable()) {
    wanted = wanted | item_state::claimed | item_state::unknown;
    if (doubtful + unknown != 0)
      tell(counted(doubtful + unknown, "item", "items") +
           " that may have happened: sent again, the target tells a repetition");
  }
  if (view && (request.repair || (!repeatable() && doubtful + unknown != 0)))
    co_await settle_by_asking(states, settled);
  else if (!repeatable() && doubtful != 0)
    settle_unasked(states, settled);
  if (settled) settled->close();
}

std::shared_ptr<load::item_states> load_run::state::read_what_is_left() const {
  return std::make_shared<load::item_states>(
      load::ledger_reader(folder->path()).read(requested.value_or(0), load::ledger_reading().heed_marks()));
}

task<void> load_run::state::settle_by_asking(load::item_states& states, std::optional<load::settlement>& settled) {
  const bool again = !request.the_plan.at_most_once;
  tell("asking the target which of the items in doubt it has");
  // Clocks jump: never longer than that, whatever the files say.
  const auto now_here = std::filesystem::file_time_type::clock::now();
  if (last_sign > now_here - time_to_arrive && last_sign < now_here + time_to_arrive)
    co_await sleep_for(std::clamp<duration>(last_sign + time_to_arrive - now_here, {}, time_to_arrive));

  const std::uint64_t size = requested.value_or(states.size());
  load::reconciler both(states, size, sent_digests(request.the_plan, feeds, steps, run_id, started));
  const load::state_set asked = request.repair ? item_state::claimed | item_state::unknown | item_state::confirmed
                                               : item_state::claimed | item_state::unknown;
  (void)co_await ask_target(both, states, asked);

  std::uint64_t found = 0;
  std::uint64_t sent_again = 0;
  std::uint64_t given_up = 0;
  std::uint64_t repaired = 0;
  for (std::uint64_t item = 0; item < size; ++item) {
    const bool doubtful = states.get(item) == item_state::claimed;
    switch (both.verdict_of(item)) {
      case load::item_verdict::settled:
        if (repeatable()) break;  // it is sent again, and the target answers what it has
        settle(settled, item, load::outcome_state::confirmed, "asked: the target has it, as it was sent");
        states.set(item, item_state::confirmed);
        ++found;
        break;
      case load::item_verdict::absent:
        if (repeatable()) break;
        if (again) {
          states.set(item, item_state::unclaimed);
          ++sent_again;
        } else {
          settle(settled, item, load::outcome_state::failed, "asked: the target does not have it; not sent again");
          states.set(item, item_state::failed);
          ++given_up;
        }
        break;
      case load::item_verdict::missing:
        if (!request.repair) break;
        states.set(item, item_state::unclaimed);
        ++repaired;
        break;
      case load::item_verdict::altered:
        if (!doubtful || repeatable()) break;
        settle(settled, item, load::outcome_state::unknown, "asked: the target has it, but not as it was sent");
        states.set(item, item_state::unknown);
        break;
      case load::item_verdict::matched:
      case load::item_verdict::unexpected:
      case load::item_verdict::agreed: break;
    }
  }
  if (found != 0) tell(counted(found, "item", "items") + " found at the target: confirmed");
  if (sent_again != 0) tell(counted(sent_again, "item", "items") + " not at the target: sent again");
  if (given_up != 0) tell(counted(given_up, "item", "items") + " not at the target: failed, as nothing is sent twice");
  if (request.repair)
    tell(counted(repaired, "confirmed item", "confirmed items") + " missing at the target: sent again");
}

void load_run::state::settle_unasked(load::item_states& states, std::optional<load::settlement>& settled) const {
  std::uint64_t count = 0;
  for (auto item = states.next(0, item_state::claimed); item; item = states.next(*item + 1, item_state::claimed)) {
    settle(settled, *item, load::outcome_state::unknown,
           "the loader ended while it may have been sent, and there is no way to ask the target");
    states.set(*item, item_state::unknown);
    ++count;
  }
  tell(counted(count, "item", "items") + " that may have happened: unknown, neither a key nor a look-up tells");
}

}  // namespace lakh::actions
