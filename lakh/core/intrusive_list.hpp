// A doubly linked list through its own elements: no allocation, removal in constant time without knowing the list.
//
// An element derives from list_node<Tag> and may be in one list per Tag. It must leave its list before it dies
// (the destructor does so). Not for more than one thread.
#pragma once

namespace lakh {

template <class Tag = void> class list_node {
 public:
  list_node() noexcept : previous_(this), next_(this) {}
  list_node(const list_node&) = delete;
  list_node& operator=(const list_node&) = delete;
  ~list_node() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != this; }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  template <class, class> friend class intrusive_list;
  list_node* previous_;
  list_node* next_;
};

template <class T, class Tag = void> class intrusive_list {
  using node = list_node<Tag>;

 public:
  [[nodiscard]] bool empty() const noexcept { return !head_.linked(); }
  [[nodiscard]] T& front() noexcept { return static_cast<T&>(*head_.next_); }

  void push_back(T& element) noexcept {
    node& n = element;
    n.previous_ = head_.previous_;
    n.next_ = &head_;
    head_.previous_->next_ = &n;
    head_.previous_ = &n;
  }

  T& pop_front() noexcept {
    T& element = front();
    static_cast<node&>(element).unlink();
    return element;
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
