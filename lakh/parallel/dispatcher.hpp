// Hands parts of tasks to workers, takes their answers, and notices when a worker is gone; knows nothing of processes
// and sockets. Internal to the room: the process pool and the master stand on it.
//
// 1. A part is with at most one worker at a time, and ends once: told in full, or failed.
// 2. A worker does its parts in the order in which it got them, and tells all of one before it begins the next. So of a
//    worker that is gone only the first of its parts can have been begun: that one counts a death, and is handed out
//    again as often as is allowed; the others go back to the front of the queue as if nothing had been.
// 3. What has been told of a part before its worker went is kept; the next worker skips it.
// 4. A worker gets its next parts before it has told the last ones, where they have been short: so much that it is busy
//    for `busy_for` at most. So a long part does not keep others waiting behind it, and a short one does not leave the
//    worker waiting for the master.
// 5. add() and what it calls (peer::send) may come from any thread; answer, join and leave from one thread only.
#pragma once

#include <lakh/async/loop.hpp>
#include <lakh/parallel/part.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lakh {

// How far the work has come, as it was at the moment of asking.
struct work_progress {
  std::size_t workers = 0;   // that take work now
  std::size_t waiting = 0;   // parts that no worker has
  std::size_t running = 0;   // parts that a worker has
  std::uint64_t done = 0;    // items told, failed ones among them
  std::uint64_t deaths = 0;  // workers that went away with a part in hand
};

namespace detail {

// How many parts a worker may have in hand whose parts took so long on average; zero: not known.
std::size_t parts_in_hand(duration average) noexcept;

// Elements of one message of a map: at most 16 messages for each worker, few enough to cost little and enough that all
// workers end at about the same time. Four workers are counted at least: others may be on their way.
std::size_t usual_chunk(std::size_t elements, std::size_t workers) noexcept;

// How many chunks of a stream may be under way.
std::size_t chunks_ahead(std::size_t workers) noexcept;

class dispatcher {
 public:
  class peer {
   public:
    peer() = default;
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

   protected:
    friend class dispatcher;
    ~peer() = default;
    // Frames, to be sent in order; views are good for the call. With the dispatcher's mutex held, from any thread;
    // never waits. That it cannot is noticed elsewhere.
    virtual void send(std::span<const std::string_view> frames) noexcept = 0;
    // It has done as many parts as it was allowed, and gets no more. On the thread of answer().
    virtual void retire() noexcept = 0;

   private:
    std::deque<std::unique_ptr<part>> in_hand_;
    time_point since_{};  // when it began the first of them, as far as we know
    duration average_{};
    std::uint64_t begun_ = 0;
    bool retiring_ = false;
  };

  // retries: how often a part is handed out again after a worker died with it. 0 for `parts`: a worker is never
  // retired.
  dispatcher(std::uint32_t retries, std::uint64_t parts_per_worker) noexcept
      : retries_(retries), parts_per_worker_(parts_per_worker) {}
  ~dispatcher();

  // Takes it. Throws closed_error after close(), and then leaves it to the caller.
  void add(std::unique_ptr<part>& next);

  void join(peer& worker);
  // Throws error where the message is none that this worker may send now: it is to be dropped.
  void answer(peer& worker, std::string_view message);
  // `why` says what is to be told of a part that is given up.
  void leave(peer& worker, const std::function<std::exception_ptr(const part&)>& why);

  // Nothing more is taken in.
  void close() noexcept;
  // Ends everything that waits with `why`, now and from then on, and what workers have as they leave.
  void give_up(const std::exception_ptr& why) noexcept;
  // Until there is nothing left to do.
  void wait_idle();
  [[nodiscard]] work_progress progress() const;

 private:
  using parts = std::vector<std::unique_ptr<part>>;
  void hand_out(peer& to, parts& dropped);
  void hand_out_to_idle(parts& dropped);
  void settle(std::size_t count);
  void bury(parts dropped);

  mutable std::mutex mutex_;
  std::condition_variable idle_changed_;
  std::deque<std::unique_ptr<part>> queue_;
  std::vector<peer*> peers_;
  std::vector<peer*> idle_;
  std::vector<std::string_view> frames_;  // while handing out
  std::exception_ptr given_up_;
  std::uint64_t next_id_ = 1;
  std::uint64_t done_ = 0;
  std::uint64_t deaths_ = 0;
  std::size_t live_ = 0;  // parts that have not ended
  const std::uint32_t retries_;
  const std::uint64_t parts_per_worker_;
  bool closed_ = false;
};

}  // namespace detail
}  // namespace lakh
