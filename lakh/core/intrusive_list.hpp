// A doubly linked list through its own elements: no allocation, removal in constant time without knowing the list.
//
// An element derives from list_node<Tag> and may be in one list per Tag. It leaves its list when it dies. Not for more
// than one thread.
#pragma once

namespace lakh {

template <class Tag = void> class list_node {
 public:
  list_node() noexcept = default;
  list_node(const list_node&) = delete;
  list_node& operator=(const list_node&) = delete;
  ~list_node() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != nullptr; }
  // Nothing where it is in no list.
  void unlink() noexcept {
    if (!linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = nullptr;
  }

 private:
  template <class, class> friend class intrusive_list;
  list_node* next_ = nullptr;
  list_node* previous_ = nullptr;  // means something while linked
};

template <class T, class Tag = void> class intrusive_list {
  using node = list_node<Tag>;

 public:
  intrusive_list() noexcept { head_.next_ = head_.previous_ = &head_; }
  intrusive_list(const intrusive_list&) = delete;
  intrusive_list& operator=(const intrusive_list&) = delete;
  // Who is still in it is in no list afterwards.
  ~intrusive_list() {
    while (!empty()) pop_front();
  }

  [[nodiscard]] bool empty() const noexcept { return head_.next_ == &head_; }
  [[nodiscard]] T& front() noexcept { return static_cast<T&>(*head_.next_); }

  // For an element that is in no list of this Tag.
  void push_back(T& element) noexcept {
    node& n = element;
    n.next_ = &head_;
    n.previous_ = head_.previous_;
    head_.previous_->next_ = &n;
    head_.previous_ = &n;
  }

  // Not for an empty list.
  T& pop_front() noexcept {
    node& n = *head_.next_;
    head_.next_ = n.next_;
    n.next_->previous_ = &head_;
    n.next_ = nullptr;
    return static_cast<T&>(n);
  }

  // Moves all elements of `other` to the end of this list.
  void splice(intrusive_list& other) noexcept {
    if (other.empty()) return;
    node* first = other.head_.next_;
    node* last = other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
  }

 private:
  node head_;
};

}  // namespace lakh
