// The seam on which everything hangs: do one thing on the network, for one numbered item, and say for certain what
// became of it. A protocol offers actions (lakh/actions); the load engine repeats them, and knows nothing of protocols.
//
//   action     compiled once from the plan; immutable, shared by all threads
//   performer  the same action in the hands of one lane: it owns what one user has, such as a connection
//
// A lane asks its performer to `prepare` an item once, then for as many attempts as the retry rule allows: every
// attempt sends the bytes that were prepared.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/async/task.hpp>
#include <lakh/core/certainty.hpp>
#include <lakh/core/config.hpp>
#include <lakh/core/error.hpp>
#include <lakh/load/code_kind.hpp>
#include <lakh/load/side_records.hpp>
#include <lakh/load/template.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

namespace lakh::load {

struct [[nodiscard]] attempt_report {
  attempt_report() = default;
  certainty certain = certainty::not_sent;
  bool as_expected = false;  // only if answered
  int status = 0;            // of the protocol; 0 if no answer came
  error_kind error = error_kind::none;
  std::optional<std::chrono::nanoseconds> retry_after;  // the target asked for patience
  time_point sent{};                                    // when sending began
  time_point done{};
  std::string_view reason;  // why it is not as expected, for a person; lives until the performer's next call
};

// What several performers of one lane share: a protocol keeps its connection here, so that the steps of an item use
// one.
class lane_resources {
 public:
  lane_resources() = default;
  explicit lane_resources(side_records* records) noexcept : records_(records) {}

  // Where the run keeps what does not stand in the ledger; null for a run without a folder.
  [[nodiscard]] side_records* records() const noexcept { return records_; }

  template <class T, class... Arguments> std::shared_ptr<T> get(Arguments&&... arguments) {
    std::shared_ptr<void>& slot = slots_[typeid(T)];
    if (!slot) slot = std::make_shared<T>(std::forward<Arguments>(arguments)...);
    return std::static_pointer_cast<T>(slot);
  }

 private:
  std::map<std::type_index, std::shared_ptr<void>> slots_;
  side_records* records_ = nullptr;
};

class performer {
 public:
  performer() = default;
  performer(const performer&) = delete;
  performer& operator=(const performer&) = delete;
  virtual ~performer() = default;

  // Makes ready what will be sent. False if it cannot be (a value that would break the protocol): then `reason` says
  // why.
  virtual bool prepare(const render_input& input, std::string& reason) = 0;

  // One try. Never throws for what the peer or the network does; throws `cancelled` when the run is aborted.
  virtual task<attempt_report> attempt() = 0;

  // After an attempt that was as expected: a JSON object with the values kept of the answer; empty if none are kept.
  // Lives until the next call.
  virtual std::string_view kept_json() = 0;
  // The same values as text for later steps, each in the slot that the plan's template_scope gave to its name.
  virtual void keep(std::span<std::string> slots) = 0;

  // What was prepared, as a person would do it by hand: for items that somebody has to settle. Without secrets.
  [[nodiscard]] virtual std::string prepared() const = 0;

  // XXH3-64 of the body that was prepared; 0 if there is none.
  [[nodiscard]] virtual std::uint64_t sent_digest() const noexcept = 0;
};

class action {
 public:
  action() = default;
  action(const action&) = delete;
  action& operator=(const action&) = delete;
  virtual ~action() = default;

  // On the loop on which it will be used.
  [[nodiscard]] virtual std::unique_ptr<performer> make_performer(lane_resources& shared) const = 0;

  // Doing it twice is doing it once, by the nature of the request.
  [[nodiscard]] virtual bool idempotent() const noexcept = 0;
  // Each item carries a key by which the target tells a repetition.
  [[nodiscard]] virtual bool keyed() const noexcept = 0;
  // Whether later steps use what this one keeps.
  [[nodiscard]] virtual bool keeps() const noexcept = 0;

  // What a run freezes of its settings beside those that were written, as a mapping to be put over them: the digests of
  // the files that it has read. Null where there is nothing to add.
  [[nodiscard]] virtual config frozen() const { return {}; }

  // How many are in flight at once where nobody says; on a machine with `cores`. Many where one mostly waits.
  [[nodiscard]] virtual std::uint64_t usual_users(unsigned /*cores*/) const noexcept { return 64; }

  // How many descriptors one of its performers has open at once, while it is at work: a connection.
  [[nodiscard]] virtual unsigned descriptors() const noexcept { return 1; }

  // What the number in attempt_report::status is.
  [[nodiscard]] virtual code_kind codes() const noexcept { return code_kind::status; }

  // Before the run: can the target be reached? Throws lakh::error with a hint.
  [[nodiscard]] virtual task<void> check_target() const = 0;
};

// A step of the plan, ready to run.
struct compiled_step {
  compiled_step(std::string step_name, std::shared_ptr<const action> what)
      : name(std::move(step_name)), act(std::move(what)) {}
  std::string name;
  std::shared_ptr<const action> act;
};

// Of a run: its last step's, which settles an item.
inline code_kind codes_of(std::span<const compiled_step> steps) noexcept {
  return steps.empty() ? code_kind::status : steps.back().act->codes();
}

}  // namespace lakh::load
