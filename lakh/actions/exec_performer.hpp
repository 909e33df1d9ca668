// One lane's programs, one after another. Internal to the room.
#pragma once

#include <lakh/actions/exec_child.hpp>
#include <lakh/actions/exec_output.hpp>
#include <lakh/actions/exec_program.hpp>
#include <lakh/load/action.hpp>

#include <string>
#include <vector>

namespace lakh::actions {

class exec_performer final : public load::performer {
 public:
  // `records` may be null: then no output is kept.
  exec_performer(const exec_program& program, load::side_records* records);

  bool prepare(const load::render_input& input, std::string& reason) override;
  task<load::attempt_report> attempt() override;
  std::string_view kept_json() override { return kept_json_; }
  void keep(std::span<std::string> slots) override;
  // The command line, and the input behind an empty line. Secrets of the environment stay names.
  [[nodiscard]] std::string prepared() const override;
  // Of the words, each with a NUL behind it, and the input.
  [[nodiscard]] std::uint64_t sent_digest() const noexcept override { return digest_; }

  // For whoever runs it once.
  [[nodiscard]] exec_child& child() noexcept { return child_; }
  [[nodiscard]] const exec_end& end() const noexcept { return end_; }

 private:
  bool render(const load::text_template& text, const load::render_input& input, std::string& out, std::string& reason);
  bool locate(std::string& reason);
  task<bool> until_ended(time_point due);
  void refused(load::attempt_report& report, const exec_begun& begun);
  void judge(load::attempt_report& report, bool in_time);
  void say(load::attempt_report& report, std::string_view what);
  [[nodiscard]] std::string_view kept_text(const exec_kept& one) const;
  task<void> record(bool as_expected);

  const exec_program& program_;
  exec_output* output_ = nullptr;
  exec_child child_;
  std::vector<std::string> words_;
  std::vector<std::string> variables_;  // "NAME=value"
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  std::string input_;
  std::string folder_;     // as the plan's `directory` says it
  std::string path_;       // of the program
  std::string directory_;  // empty: where this process is
  std::vector<std::string> expected_;
  std::string kept_json_;
  std::string reason_;
  exec_end end_;
  std::uint64_t item_ = 0;
  std::uint64_t digest_ = 0;
  unsigned attempt_ = 0;
  bool started_ = false;  // by the last attempt
  bool located_ = false;  // path_ and directory_ are the same for all items, and known
};

}  // namespace lakh::actions
