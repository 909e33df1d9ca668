// The per-thread store of coroutine frames (see task.hpp).
#include <lakh/async/task.hpp>

#include <array>
#include <new>

namespace lakh::detail {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool recycles = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool recycles = false;
#else
constexpr bool recycles = true;
#endif
#else
constexpr bool recycles = true;
#endif

// Sizes that the heap serves without loss: its pieces are multiples of 16, less the 8 bytes that it keeps for itself.
constexpr std::size_t granule = 16;
constexpr std::size_t kept_by_heap = 8;
constexpr std::size_t classes = 256;  // frames up to 4 KiB
constexpr std::size_t most_kept = std::size_t{1}
                                  << 20;  // bytes per class and thread; what is over goes back to the heap

struct free_frame_node {
  free_frame_node* next;
};

struct frame_store {
  std::array<free_frame_node*, classes> free{};
  std::array<std::size_t, classes> kept{};
  ~frame_store() {
    for (free_frame_node* node : free) {
      while (node != nullptr) {
        free_frame_node* next = node->next;
        ::operator delete(node);
        node = next;
      }
    }
    gone = true;
  }
  // A frame may be freed after this thread's store has been destroyed (by another thread_local's destructor).
  static thread_local bool gone;
};
thread_local bool frame_store::gone = false;
thread_local frame_store store;

constexpr std::size_t class_of(std::size_t size) {
  return (size + kept_by_heap + granule - 1) / granule;
}
constexpr std::size_t size_of(std::size_t index) {
  return index * granule - kept_by_heap;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t index = class_of(size);
  if (!recycles || index >= classes || frame_store::gone) return ::operator new(size);
  if (free_frame_node* node = store.free[index]) {
    store.free[index] = node->next;
    store.kept[index] -= size_of(index);
    return node;
  }
  return ::operator new(size_of(index));
}

void free_frame(void* frame, std::size_t size) noexcept {
  const std::size_t index = class_of(size);
  if (!recycles || index >= classes || frame_store::gone || store.kept[index] >= most_kept) {
    ::operator delete(frame);
    return;
  }
  auto* node = static_cast<free_frame_node*>(frame);
  node->next = store.free[index];
  store.free[index] = node;
  store.kept[index] += size_of(index);
}

}  // namespace lakh::detail
