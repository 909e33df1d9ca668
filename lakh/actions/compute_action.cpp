#include <lakh/actions/compute_action.hpp>
#include <lakh/actions/compute_sha256.hpp>
#include <lakh/actions/secret_texts.hpp>
#include <lakh/async/sleep.hpp>
#include <lakh/core/text.hpp>

#include <utility>
#include <vector>

namespace lakh::actions {
namespace {

// What all items have in common.
struct compute_program {
  load::text_template text;
  std::string text_shown;  // of a secret: as the plan has it; empty: as it is
  std::uint64_t rounds = 1;
  load::text_template wanted;  // empty: anything
  std::string wanted_shown;
  struct kept {
    std::string lead;  // `{"name":"` of the first, `,"name":"` of the others
    std::size_t slot = 0;
  };
  std::vector<kept> keeps;
  bool used_later = false;
};

class compute_performer final : public load::performer {
 public:
  explicit compute_performer(const compute_program& program) : program_(program), work_(program.rounds) {}

  bool prepare(const load::render_input& input, std::string& reason) override {
    return render(program_.text, input, text_, reason) && render(program_.wanted, input, wanted_, reason);
  }

  task<load::attempt_report> attempt() override {
    load::attempt_report report;
    // Lanes that never wait would keep their loop from its books and its signals.
    co_await yield();
    report.sent = loop::current().now();
    result_ = work_.of(text_);
    report.done = loop::current().now();
    report.certain = certainty::answered;
    report.as_expected = program_.wanted.empty() || wanted_ == result_;
    if (!report.as_expected) {
      report.error = error_kind::status;
      reason_ = "sha256 is " + result_ + ", not " + (program_.wanted_shown.empty() ? wanted_ : program_.wanted_shown);
      report.reason = reason_;
    }
    co_return report;
  }

  std::string_view kept_json() override {
    kept_json_.clear();
    for (const compute_program::kept& each : program_.keeps) kept_json_.append(each.lead).append(result_).append("\"");
    if (!kept_json_.empty()) kept_json_ += '}';
    return kept_json_;
  }
  void keep(std::span<std::string> slots) override {
    for (const compute_program::kept& each : program_.keeps) slots[each.slot] = result_;
  }

  [[nodiscard]] std::string prepared() const override {
    return "compute sha256 of '" + (program_.text_shown.empty() ? text_ : program_.text_shown) + "', " +
           std::to_string(program_.rounds) + (program_.rounds == 1 ? " round" : " rounds");
  }
  [[nodiscard]] std::uint64_t sent_digest() const noexcept override { return 0; }

 private:
  static bool render(const load::text_template& text, const load::render_input& input, std::string& out,
                     std::string& reason) {
    out.clear();
    const load::render_result result = text.render(input, out);
    if (!result) reason = text.explain(result);
    return static_cast<bool>(result);
  }

  const compute_program& program_;
  sha256_rounds work_;
  std::string text_;
  std::string wanted_;
  std::string result_;
  std::string kept_json_;
  std::string reason_;
};

class compute_action final : public load::action {
 public:
  explicit compute_action(compute_program program) : program_(std::move(program)) {}

  [[nodiscard]] std::unique_ptr<load::performer> make_performer(load::lane_resources& /*shared*/) const override {
    return std::make_unique<compute_performer>(program_);
  }
  [[nodiscard]] bool idempotent() const noexcept override { return true; }
  [[nodiscard]] bool keyed() const noexcept override { return false; }
  [[nodiscard]] bool keeps() const noexcept override { return program_.used_later && !program_.keeps.empty(); }
  [[nodiscard]] task<void> check_target() const override { co_return; }

 private:
  compute_program program_;
};

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::shared_ptr<const load::action> make_compute_action(const load::plan& p, const load::plan_step& step,
                                                        load::template_scope& scope) {
  compute_program program;
  const std::string label = step.name + ".compute.";
  config_reader read(step.settings, "compute");
  const secret_texts secrets(p);
  const config& text = read.require("sha256");
  program.text = load::text_template::from(text, load::text_format::plain, scope, label + "sha256");
  program.text_shown = secrets.shown(text.text("compute.sha256"));
  if (const config* rounds = read.find("rounds"))
    program.rounds = rounds->integer("compute.rounds", 1, sha256_rounds::most);
  read.finish();

  if (!step.expect.is_null()) {
    config_reader expect(step.expect, "expect");
    const config& wanted = expect.require("sha256");
    program.wanted = load::text_template::from(wanted, load::text_format::plain, scope, step.name + ".expect.sha256");
    program.wanted_shown = secrets.shown(wanted.text("expect.sha256"));
    if (program.wanted.constant() && !is_digest(program.wanted.constant_text()))
      wanted.fail("expect.sha256 is no SHA-256: it must be 64 hexadecimal digits in lower case",
                  "`lakh compute` prints it");
    expect.finish();
  }
  if (!step.keep.is_null())
    for (const auto& [name, what] : step.keep.entries("keep")) {
      if (what.text("keep." + name) != "sha256")
        what.fail("compute has no '" + what.text("keep." + name) + "' to keep", "as in: keep: {" + name + ": sha256}");
      std::string lead(program.keeps.empty() ? "{" : ",");
      append_json_string(lead, name);
      program.keeps.push_back({lead + ":\"", scope.add_kept(step.name, name, what.place())});
    }
  program.used_later = &step != &p.steps.back();
  return std::make_shared<compute_action>(std::move(program));
}

}  // namespace lakh::actions
