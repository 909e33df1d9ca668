// What a thread does between two looks at a word that another thread is about to change. Internal to the room.
#pragma once

namespace lakh::detail {

// Leaves the core to its other thread for some tens of cycles, and lets the loop end without a mispredicted read.
inline void spin_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("yield");
#endif
}

}  // namespace lakh::detail
