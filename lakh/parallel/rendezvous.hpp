// A place where a number of threads wait until all have come, again and again. What std::barrier lacks: deadlines, and
// a way out when one of them will not come. (For coroutines of one loop: lakh::barrier.)
//
// 1. Each call is one arrival; the last of `parties` lets all go on, and the next round begins.
// 2. A rendezvous breaks when a deadline passes in it or break_up is called: all who wait, and all who come later, are
//    told by broken_rendezvous, until reset().
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/core/error.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace lakh {

class broken_rendezvous : public error {
 public:
  broken_rendezvous();
};

class rendezvous {
 public:
  // Throws input_error for 0 parties.
  explicit rendezvous(std::size_t parties);
  rendezvous(const rendezvous&) = delete;
  rendezvous& operator=(const rendezvous&) = delete;
  ~rendezvous() = default;

  // Returns the order of arrival in this round: 0 … parties − 1. Throws broken_rendezvous.
  std::size_t arrive_and_wait() { return arrive(std::nullopt); }
  // As above; if the time comes first, breaks the rendezvous for all and throws timeout_error.
  std::size_t arrive_and_wait_until(time_point until) { return arrive(until); }

  void break_up();
  // Whole again, for a new round. Those who still wait are told broken_rendezvous.
  void reset();

  [[nodiscard]] bool is_broken() const;
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  [[nodiscard]] std::size_t waiting() const;

 private:
  // What became of a round is kept by those who waited in it: the next one may be under way before they run.
  enum class outcome : std::uint8_t { open, complete, broken };
  struct round {
    std::size_t arrived = 0;
    outcome became = outcome::open;
  };
  std::size_t arrive(std::optional<time_point> until);
  void break_round();

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  const std::size_t parties_;
  std::shared_ptr<round> now_;
};

}  // namespace lakh
