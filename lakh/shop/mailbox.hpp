// How results come home from another thread: one mailbox per thread, one wake-up of its loop for all that arrive
// together.
//
// 1. A letter belongs to whoever works on it, and is handed to the mailbox when that is done. Only then is it touched
//    on the loop's thread again, by `open`.
// 2. A coroutine that waits for a letter says so with `expect` before it sends the letter off, and `leave`s when it has
//    it or gives up. While nobody waits, letters are thrown away unread: then the loop may be gone.
// 3. So no letter needs the coroutine that sent it, nor its loop: a cancelled wait neither loses the work nor dangles.
#pragma once

#include <lakh/async/loop.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace lakh::shop {

class mailbox : public std::enable_shared_from_this<mailbox> {
 public:
  class letter {
   public:
    virtual ~letter() = default;

   private:
    friend class mailbox;
    virtual void open() noexcept = 0;  // on the thread of the loop that expects it
  };

  // This thread's.
  static const std::shared_ptr<mailbox>& here();

  // On the mailbox's own thread. `home` is the loop that runs there now.
  void expect(loop& home);
  void leave() noexcept;

  // From any thread.
  void deliver(std::vector<std::unique_ptr<letter>> letters);

 private:
  void open_all();

  std::mutex mutex_;
  std::vector<std::unique_ptr<letter>> arrived_;
  loop* home_ = nullptr;  // valid while waiting_ != 0
  std::size_t waiting_ = 0;
  bool posted_ = false;
};

}  // namespace lakh::shop
