// A target that is played: what it does with an item is a function, and how often it was asked for each stands in
// memory that the processes of a run share. For the tests of the engine and of the supervisor.
#pragma once

#include <lakh/async/sleep.hpp>
#include <lakh/load/action.hpp>
#include <lakh/parallel/shared_memory.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lakh::load::played {

// 201 is what is expected.
struct reply {
  certainty certain = certainty::answered;
  int status = 201;
  duration after{};
};
// `seen`: how often it was asked for the item before.
using target = std::function<reply(std::uint64_t item, unsigned seen)>;

inline target answers(int status, duration after = {}) {
  return [status, after](std::uint64_t, unsigned) {
    reply answer;
    answer.status = status;
    answer.after = after;
    return answer;
  };
}

class played_action final : public action {
 public:
  using times = std::atomic<std::uint32_t>;

  played_action(target does, std::uint64_t items, bool keyed)
      : does_(std::move(does)),
        memory_((items + 2) * sizeof(times)),
        seen_(reinterpret_cast<times*>(memory_.bytes().data()), items),
        keyed_(keyed) {}

  class hands final : public performer {
   public:
    explicit hands(const played_action& of) : of_(of) {}
    bool prepare(const render_input& input, std::string& /*reason*/) override {
      item_ = input.item;
      return true;
    }
    task<attempt_report> attempt() override {
      attempt_report report;
      report.sent = loop::current().now();
      const reply answer = of_.does_(item_, of_.seen_[item_]++);
      if (answer.after != duration{}) co_await sleep_for(answer.after);
      const bool answered = answer.certain == certainty::answered;
      report.certain = answer.certain;
      report.as_expected = answered && answer.status == 201;
      report.status = answered ? answer.status : 0;
      report.error = answered ? error_kind::none : error_kind::closed;
      report.reason = report.as_expected ? "" : "played";
      report.done = loop::current().now();
      co_return report;
    }
    std::string_view kept_json() override { return "{\"id\":1}"; }
    void keep(std::span<std::string> /*slots*/) override {}
    [[nodiscard]] std::string prepared() const override { return {}; }
    [[nodiscard]] std::uint64_t sent_digest() const noexcept override { return item_ + 1; }

   private:
    const played_action& of_;
    std::uint64_t item_ = 0;
  };

  [[nodiscard]] std::unique_ptr<performer> make_performer(lane_resources& /*shared*/) const override {
    return std::make_unique<hands>(*this);
  }
  [[nodiscard]] bool idempotent() const noexcept override { return false; }
  [[nodiscard]] bool keyed() const noexcept override { return keyed_; }
  [[nodiscard]] bool keeps() const noexcept override { return false; }
  [[nodiscard]] task<void> check_target() const override { co_return; }

  // By item.
  [[nodiscard]] std::span<const times> seen() const noexcept { return seen_; }

 private:
  target does_;
  shared_memory memory_;
  std::span<times> seen_;
  bool keyed_;
};

}  // namespace lakh::load::played
