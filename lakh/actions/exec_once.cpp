#include <lakh/actions/exec_action.hpp>
#include <lakh/actions/exec_once.hpp>
#include <lakh/actions/exec_performer.hpp>
#include <lakh/actions/file_beside.hpp>

#include <filesystem>

namespace lakh::actions {
namespace {

constexpr std::string_view braces = R"({{"{{"}})";

// The same texts for a reader of templates. What it reads as it stands, a pattern, stays so.
config literal(const config& node) {
  if (node.is_sequence()) {
    std::vector<config> items;
    for (const config& one : node.items("")) items.push_back(literal(one));
    return config::sequence(std::move(items), node.place());
  }
  if (node.is_mapping()) {
    std::vector<config::entry> entries;
    for (const auto& [name, value] : node.entries(""))
      entries.emplace_back(name, name == "matches" ? value : literal(value));
    return config::mapping(std::move(entries), node.place());
  }
  if (!node.is_scalar() || node.text("").find("{{") == std::string::npos) return node;
  std::string text = node.text("");
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + braces.size()))
    text.replace(at, 2, braces);
  return config::scalar(std::move(text), config::style::quoted, node.place());
}

// A file's content is a template too.
config with_input_inline(const config& settings, const std::filesystem::path& folder) {
  std::vector<config::entry> entries;
  for (const auto& [name, value] : settings.entries("exec")) {
    if (name == "stdin_file")
      entries.emplace_back("stdin", config::scalar(read_file_beside(folder, value, "exec.stdin_file"),
                                                   config::style::quoted, value.place()));
    else
      entries.emplace_back(name, value);
  }
  return config::mapping(std::move(entries), settings.place());
}

load::plan plan_of(const config& settings, const config& expect, const config& keep,
                   std::optional<std::chrono::nanoseconds> time_limit) {
  load::plan p;
  p.folder = std::filesystem::current_path();
  load::plan_step step;
  step.name = "step1";
  step.action = "exec";
  step.settings = literal(with_input_inline(settings, p.folder));
  step.expect = literal(expect);
  step.keep = keep;
  p.timeouts.total = time_limit.value_or(std::chrono::nanoseconds::max());
  p.limits.kept_bytes = std::uint64_t{1} << 30U;
  p.steps.push_back(std::move(step));
  return p;
}

}  // namespace

struct exec_once::state {
  state(const config& settings, const config& expect, const config& keep,
        std::optional<std::chrono::nanoseconds> time_limit)
      : asked(plan_of(settings, expect, keep, time_limit)), act(make_exec_action(asked, asked.steps.front(), scope)) {}

  load::plan asked;
  load::template_scope scope;
  std::shared_ptr<const load::action> act;
  exec_performer* at_work = nullptr;
};

exec_once::exec_once(const config& settings, const config& expect, const config& keep,
                     std::optional<std::chrono::nanoseconds> time_limit)
    : state_(std::make_unique<state>(settings, expect, keep, time_limit)) {}
exec_once::~exec_once() = default;

void exec_once::signal_all(int signal) noexcept {
  if (state_->at_work != nullptr) state_->at_work->child().signal_all(signal);
}

task<exec_result> exec_once::run(exec_child::listener to_output, exec_child::listener to_errors) {
  state& my = *state_;
  co_await my.act->check_target();
  load::lane_resources lane;
  const std::unique_ptr<load::performer> made = my.act->make_performer(lane);
  auto& hands = static_cast<exec_performer&>(*made);
  hands.child().listen(std::move(to_output), std::move(to_errors));
  load::render_input item;
  item.run = "once";
  std::string reason;
  if (!hands.prepare(item, reason)) throw input_error(reason);
  struct at_work {
    at_work(exec_performer*& slot, exec_performer& what) : slot_(slot) { slot_ = &what; }
    ~at_work() { slot_ = nullptr; }
    exec_performer*& slot_;
  };
  const at_work now(my.at_work, hands);
  const load::attempt_report report = co_await hands.attempt();
  exec_result result;
  result.certain = report.certain;
  result.as_expected = report.as_expected;
  result.error = report.error;
  result.reason = report.reason;
  result.end = hands.end();
  result.time = report.done - report.sent;
  result.output = hands.child().output();
  result.errors = hands.child().errors();
  result.output_size = hands.child().output_size();
  result.errors_size = hands.child().errors_size();
  const config& keep = my.asked.steps.front().keep;
  if (report.as_expected && !keep.is_null()) {
    std::vector<std::string> slots(my.scope.kept_count());
    hands.keep(slots);
    const auto& names = keep.entries("keep");
    for (std::size_t i = 0; i < names.size(); ++i) result.kept.emplace_back(names[i].first, std::move(slots[i]));
  }
  co_return result;
}

}  // namespace lakh::actions
